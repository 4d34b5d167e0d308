import { randomUUID } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { strFromU8, unzipSync } from 'fflate'
import { afterAll, expect, inject, test } from 'vitest'
import { createDatabase } from './postgres.ts'
import { startCli, type Ran } from './run-cli.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'lma-backup-cli-'))
chmodSync(folder, 0o755)
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const data = path.join(folder, 'data')
const file = path.join(folder, 'shop.lmab')

const run = (args: string[], env: Record<string, string> = {}): Promise<Ran> =>
  startCli([...args, '--json', '--quiet'], { LMA_DATA: data, LMA_DEMO: 'off', ...env }).done
const customers = async (env: Record<string, string> = {}): Promise<number> =>
  JSON.parse((await run(['status'], env)).out).customers

test('back up, practise, lose, restore, and move to a server: the shop is the same', async () => {
  const list = path.join(folder, 'customers.csv')
  writeFileSync(
    list,
    'email,name\n' + Array.from({ length: 300 }, (_, i) => `p${i}@example.com,Pat ${i}`).join('\n') + '\n',
  )
  expect((await run(['import', 'customers', list])).code).toBe(0)

  const made = await run(['backup', file])
  expect(made.err).toBe('')
  expect(JSON.parse(made.out)).toMatchObject({ schema: 'liquor-agent/backup@1', location: file })

  const drill = await run(['restore', file, '--drill'])
  expect(drill.code, drill.err).toBe(0)
  expect(JSON.parse(drill.out).rows).toBe(JSON.parse(made.out).rows)

  // More came in; then somebody wants yesterday back.
  writeFileSync(list, 'email\nlate@example.com\n')
  await run(['import', 'customers', list])
  expect(await customers()).toBe(301)
  const refused = await run(['restore', file])
  expect(refused.code).toBe(3)
  expect(refused.err).toContain('--replace')
  // Somebody was erased in the meantime; of that the backup knows nothing, but the data folder does.
  const archive = path.join(folder, 'p7.zip')
  expect((await run(['personal-data', 'p7@example.com', archive])).code).toBe(0)
  const told = JSON.parse(strFromU8(unzipSync(new Uint8Array(readFileSync(archive)))['data.json']!))
  const gone = {
    id: randomUUID(),
    at: new Date().toISOString(),
    customer_ids: [told.tables[0].rows[0].id],
    addresses: [],
  }
  mkdirSync(path.join(data, 'erasures'), { recursive: true })
  writeFileSync(path.join(data, 'erasures', `${gone.id}.json`), JSON.stringify([gone]))
  const restored = await run(['restore', file, '--replace'])
  expect(restored.code, restored.err).toBe(0)
  expect(JSON.parse(restored.out)).toMatchObject({ erased_again: 1 })
  expect(await customers()).toBe(299)
  const nobody = await run(['personal-data', 'p7@example.com', archive])
  expect([nobody.code, nobody.err]).toEqual([4, expect.stringContaining('No customer has this')])

  const url = await createDatabase(inject('postgresUrl'), `moved_${Date.now()}`)
  const moved = await run(['move', '--to', url])
  expect(moved.code, moved.err).toBe(0)
  expect(await customers({ DATABASE_URL: url })).toBe(299)
  expect(await customers()).toBe(299)
  const again = await run(['move', '--to', url])
  expect(again.code).toBe(3)
  expect(again.err).toContain('holds a shop')

  const listed = await run(['backup'])
  expect(existsSync(JSON.parse(listed.out).location)).toBe(true)
}, 180_000)

test('wrong use is told in one sentence', async () => {
  const missing = await run(['restore', path.join(folder, 'nothing.lmab')])
  expect(missing.code).toBe(4)
  expect(missing.err).toMatch(/cannot be read/)
  writeFileSync(path.join(folder, 'photo.jpg'), 'not a backup at all, but long enough to be one')
  const other = await run(['restore', path.join(folder, 'photo.jpg'), '--replace'])
  expect(other.code).toBe(3)
  expect(other.err).toMatch(/not a backup/)
  expect((await run(['move'])).code).toBe(2)
}, 60_000)
