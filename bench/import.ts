import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { placeInFile, writeCustomers } from '#sim/customers-file.ts'

// What the importer costs beside what PostgreSQL alone would take for the same rows in the same indexes.
const quick = process.argv.includes('--quick')
const customers = quick ? 40_000 : 1_000_000
const rounds = quick ? 1 : 3
const say = (text: string): boolean => process.stderr.write(text + '\n')
const round = (n: number, digits = 0): number => Number(n.toFixed(digits))
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const run = promisify(execFile)

interface Took {
  seconds: number
  peakMb: number
  rows: number
  added: number
  changed: number
  rejected: number
}

const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-import-'))
const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined }, fsync: false })
try {
  await migrate(server.url)
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const file = (name: string): string => path.join(dataDir, name)
  const load = async (name: string): Promise<Took> => {
    const child = new URL('./import-run.ts', import.meta.url).pathname
    const { stdout } = await run(process.execPath, [...process.execArgv, child, server.url, dataDir, file(name)], {
      timeout: 900_000,
    })
    const took = JSON.parse(stdout) as Took
    say(
      `${name.padEnd(12)} ${round(took.seconds, 1)} s, ${round(took.rows / took.seconds)} rows/s, ${took.added} new, ${took.changed} changed, ${took.rejected} rejected, peak ${round(took.peakMb)} MB`,
    )
    return took
  }
  const empty = async (): Promise<void> => {
    await client.query('truncate customers, consents cascade')
    await client.query('checkpoint')
  }
  const columns =
    'id, external_id, email, phone, name, first_name, birth_date, age_status, email_consent, sms_consent, address, city, state, zip, time_zones, store_id, tags, is_demo, import_id, created_at, updated_at'
  const bareCopy = async (name: string): Promise<number> => {
    const started = performance.now()
    await pipeline(
      createReadStream(file(name), { highWaterMark: 1 << 20 }),
      client.query(copyFrom(`copy customers (${columns}) from stdin`)),
    )
    const seconds = (performance.now() - started) / 1000
    say(`${name.padEnd(12)} ${round(seconds, 1)} s, ${round(customers / seconds)} rows/s, bare COPY`)
    return seconds
  }
  const writeRows = async (name: string, sql: string): Promise<void> =>
    pipeline(client.query(copyTo(`copy (${sql}) to stdout`)), createWriteStream(file(name)))
  say(`writing files of ${customers} customers with 20 columns ...`)
  await writeCustomers(file('first.csv'), customers)
  await writeCustomers(file('second.csv'), customers, customers)
  await writeCustomers(file('small.csv'), customers / 10, customers * 2)
  await writeCustomers(file('moved.csv'), customers, 0, 'Elm')

  const small = await load('small.csv')
  await empty()
  const onEmpty: number[] = []
  const copied: number[] = []
  const onto: number[] = []
  let peak = 0
  let again: Took | null = null
  let moved: Took | null = null
  let keptBytes = 0
  let sorted = 0
  for (let i = 0; i < rounds; i++) {
    const first = await load('first.csv')
    onEmpty.push(first.seconds)
    if (i === 0) {
      again = await load('first.csv')
      // A COPY takes rows as they come, in the file's order and numbered in it; sorting them for the indexes is our own work.
      const others = columns.replace('id, ', '')
      await writeRows(
        'rows.copy',
        `select uuidv7(), ${others} from (select ${others} from customers order by ${placeInFile}) as f`,
      )
      await writeRows('sorted.copy', `select ${columns} from customers order by id`)
      // Everybody has moved: each row is changed, and what stood before is kept for the undo.
      moved = await load('moved.csv')
      const { rows } = await client.query<{ bytes: string }>(`select pg_total_relation_size('import_before') as bytes`)
      keptBytes = Number(rows[0]!.bytes) / moved.changed
      await client.query('truncate import_before')
    }
    await empty()
    if (i === 0) {
      sorted = await bareCopy('sorted.copy')
      await empty()
    }
    copied.push(await bareCopy('rows.copy'))
    await client.query('vacuum analyze customers')
    const second = await load('second.csv')
    onto.push(second.seconds)
    peak = Math.max(peak, first.peakMb, second.peakMb)
    await empty()
  }
  const few = 5_000
  const started = performance.now()
  for (let i = 0; i < few; i++)
    await client.query(
      'insert into customers (external_id, email, name, state) values ($1, $2, $3, $4) on conflict (email) do update set name = excluded.name',
      [`R${i}`, `r${i}@example.com`, `Row ${i}`, 'NY'],
    )
  const rowByRow = few / ((performance.now() - started) / 1000)
  say(`row by row   ${round(rowByRow)} rows/s`)
  await client.end()
  const figures = {
    customers,
    share_of_copy: round(median(onEmpty.map((s, i) => copied[i]! / s)), 2),
    share_of_copy_least: round(Math.min(...onEmpty.map((s, i) => copied[i]! / s)), 2),
    share_of_sorted_copy: round(sorted / onEmpty[0]!, 2),
    onto_existing_ratio: round(median(onto.map((s, i) => onEmpty[i]! / s)), 2),
    onto_existing_ratio_least: round(Math.min(...onto.map((s, i) => onEmpty[i]! / s)), 2),
    rows_per_s: round(customers / median(onEmpty)),
    copy_rows_per_s: round(customers / median(copied)),
    row_by_row_per_s: round(rowByRow),
    same_file_again_changed: again!.changed + again!.added,
    same_file_again_per_s: round(again!.rows / again!.seconds),
    all_changed_per_s: round(moved!.changed / moved!.seconds),
    undo_bytes_per_changed_row: round(keptBytes),
    peak_rss_mb: round(peak),
    peak_rss_mb_small: round(small.peakMb),
  }
  const notes = [
    `peak_rss_mb_small: at ${customers / 10} rows`,
    'bare COPY: the rows as stored, into the same table with the same indexes, already clean, in one stream and in the order of the file',
    'share_of_sorted_copy: beside a COPY of the rows already in the order of the index on email, which no file has',
    'row by row: five columns only, so it flatters the row-by-row importer',
  ]
  process.stdout.write(JSON.stringify({ bench: 'import', quick, figures, notes }) + '\n')
} finally {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
