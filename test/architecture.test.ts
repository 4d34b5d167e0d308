import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { pipeline } from '#server/pipeline.ts'

const root = path.resolve(import.meta.dirname, '..')

interface Cruise {
  modules: unknown[]
  summary: { totalCruised: number; error: number; violations: { rule: { name: string }; from: string; to: string }[] }
}

function cruise(...folders: string[]): Cruise {
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders]
  // It ends with the number of violations as exit code; the report is on stdout either way.
  let report: string
  try {
    report = execFileSync(path.join(root, 'node_modules/.bin/depcruise'), args, {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch (error) {
    report = (error as { stdout: string }).stdout
  }
  return JSON.parse(report) as Cruise
}

test('imports go one way, without cycles', () => {
  const { summary } = cruise('core', 'contract', 'db', 'server', 'web/src')
  expect(summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`)).toEqual([])
  // A checker that finds nothing to check would pass as well.
  expect(summary.totalCruised).toBeGreaterThan(150)
}, 120_000)

test('a planted violation turns the check red', () => {
  const planted = [
    {
      file: 'core/planted-io.ts',
      text: "import { readFileSync } from 'node:fs'\nexport const planted = readFileSync\n",
      rule: 'core-is-pure',
    },
    {
      file: 'server/feedback/planted-slice.ts',
      text: "export { planningRoutes } from '../planning/routes.ts'\n",
      rule: 'slices-do-not-import-slices',
    },
    {
      file: 'contract/planted-server.ts',
      text: "export { systemActor } from '#server/audit.ts'\n",
      rule: 'contract-knows-core-only',
    },
  ]
  try {
    for (const p of planted) writeFileSync(path.join(root, p.file), p.text)
    const found = cruise('core', 'contract', 'server').summary.violations
    for (const p of planted) expect(found.filter((v) => v.from === p.file).map((v) => v.rule.name)).toContain(p.rule)
  } finally {
    for (const p of planted) rmSync(path.join(root, p.file), { force: true })
  }
}, 120_000)

test('each table has one writing slice', () => {
  const owner = new Map<string, string>(pipeline.flatMap((s) => s.tables.map((t) => [t, s.stage] as const)))
  const slices = new Set<string>(pipeline.map((s) => s.stage))
  const wrong: string[] = []
  let statements = 0
  for (const entry of readdirSync(path.join(root, 'server'), { recursive: true, encoding: 'utf8' })) {
    const slice = entry.split(path.sep)[0]!
    if (!entry.endsWith('.ts') || entry.endsWith('.test.ts') || !slices.has(slice)) continue
    const text = readFileSync(path.join(root, 'server', entry), 'utf8')
    for (const [, table] of text.matchAll(/(?:insert into|update|delete from)\s+([a-z_]+)/g)) {
      statements++
      const allowed = owner.get(table!)
      if (allowed !== undefined && allowed !== slice)
        wrong.push(`${slice} writes ${table}, which belongs to ${allowed} (${entry})`)
    }
  }
  expect(wrong).toEqual([])
  expect(statements).toBeGreaterThan(20)
})
