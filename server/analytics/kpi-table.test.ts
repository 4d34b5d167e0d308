import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { kpiIds } from '#contract/analytics.ts'
import { kpiTable } from './kpi-table.ts'
import { kpiDefinitions } from './kpis.ts'

test('the table of figures in docs/analytics.md is the one the product counts by', () => {
  // The formatter pads cells; words and order are what counts.
  const plain = (text: string): string => text.replaceAll(/ +/g, ' ').replaceAll(/-{2,}/g, '--')
  const docs = plain(readFileSync('docs/analytics.md', 'utf8'))
  for (const line of kpiTable().split('\n').slice(2)) expect(docs).toContain(plain(line))
  expect(kpiDefinitions.map((k) => k.id)).toEqual([...kpiIds])
})
