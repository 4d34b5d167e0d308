import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { checkBackup, countUsers, restoreBackup } from '#db/backup/restore.ts'
import { writeBackup } from '#db/backup/write.ts'
import { startEmbedded } from '#db/embedded.ts'
import { checkServer } from '#db/startup.ts'
import type { Globals } from '../cli.ts'
import { readConfig, type Config } from '../config.ts'
import { closeContext, createContext, type Ctx } from '../context.ts'
import { copyErasures, redoErasures } from '../erasure-ledger.ts'
import { createLog } from '../log.ts'
import { takeBackup } from '../system/backups.ts'
import { openDatabase, quietly, withContext, type Database } from '../up.ts'
import { CliError, exit, print, progress, say } from './output.ts'

/** Into the store of files with a row in the list, or into a file of the caller's choice. */
export async function backup(globals: Globals, file: string | undefined): Promise<void> {
  await withContext(async (ctx) => {
    const started = performance.now()
    const bar = progress(globals, 'Backing up')
    const onTable = (done: number, total: number): void => bar(done, total)
    let location: string
    let rows: number
    let bytes: number
    if (file === undefined) {
      const made = await takeBackup(ctx, 'manual', onTable)
      ;[location, rows, bytes] = [made.location ?? '', made.rows ?? 0, made.bytes ?? 0]
    } else {
      const part = `${file}.part`
      try {
        await pipeline(
          writeBackup(ctx.directUrl, ctx.config.version, onTable),
          createWriteStream(part, { mode: 0o600, flush: true }),
        )
        rows = (await checkBackup(createReadStream(part))).rows
        await rename(part, file)
      } finally {
        await rm(part, { force: true })
      }
      location = path.resolve(file)
      bytes = (await stat(file)).size
    }
    const seconds = (performance.now() - started) / 1000
    print(globals, 'backup', { location, rows, bytes, seconds }, () => [
      `${rows.toLocaleString('en')} rows in ${location} (${(bytes / 2 ** 20).toFixed(1)} MB, ${seconds.toFixed(1)} s), read back and checked.`,
      'The secret of this installation is not in it: keep a copy of LMA_SECRET, or of the file "secret" in the data folder.',
    ])
  })
}

async function readable(file: string): Promise<void> {
  const found = await stat(file).catch(() => null)
  if (!found?.isFile())
    throw new CliError(`The file ${file} cannot be read. Check its name and your rights.`, exit.notFound)
}

/** Puts a backup in the place of what is in the database. */
export async function restore(
  globals: Globals,
  file: string,
  options: { replace: boolean; drill: boolean },
): Promise<void> {
  await readable(file)
  if (options.drill) return drill(globals, file)
  const config = { ...readConfig(), ...quietly() }
  const database = await openDatabase(config)
  try {
    const started = performance.now()
    // Found before anything is thrown away, not after.
    await checkBackup(createReadStream(file))
    // What was erased in the database that goes now must not come back with the one that comes.
    await withDatabase(config, database, copyErasures).catch(() => 0)
    const bar = progress(globals, 'Restoring')
    const done = await restoreBackup(database.directUrl, createReadStream(file), {
      replace: options.replace,
      onTable: (n, total) => bar(n, total),
    })
    const erasedAgain = await withDatabase(config, database, redoErasures)
    print(
      globals,
      'restore',
      { ...done, erased_again: erasedAgain, seconds: (performance.now() - started) / 1000 },
      () => [
        `${done.rows.toLocaleString('en')} rows in ${done.tables} tables are back as they were on ${done.made_at}; every count and checksum fits.`,
        ...(erasedAgain > 0
          ? [`${erasedAgain} customers who were erased since then were erased again; nobody writes to them.`]
          : []),
        ...(done.migrated.length > 0 ? [`Brought up to this release: ${done.migrated.join(', ')}.`] : []),
      ],
    )
  } finally {
    await database.stop()
  }
}

async function withDatabase<T>(config: Config, database: Database, run: (ctx: Ctx) => Promise<T>): Promise<T> {
  const ctx = createContext(config, database.url, { poolSize: 2 })
  try {
    return await run(ctx)
  } finally {
    await closeContext(ctx)
  }
}

/** Restores into a database of its own that is thrown away: proof that the backup can be used, and how long it takes. */
async function drill(globals: Globals, file: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lma-drill-'))
  // As root the database runs as nobody and must be able to enter.
  await chmod(folder, 0o755)
  const started = performance.now()
  const scratch = await startEmbedded({ dataDir: folder, log: createLog('silent'), fsync: false })
  try {
    const bar = progress(globals, 'Restoring for practice')
    const done = await restoreBackup(scratch.url, createReadStream(file), { onTable: (n, total) => bar(n, total) })
    const seconds = (performance.now() - started) / 1000
    const ageHours = (Date.now() - Date.parse(done.made_at)) / 3_600_000
    print(globals, 'drill', { ...done, restore_seconds: seconds, age_hours: ageHours }, () => [
      `The backup is good: ${done.rows.toLocaleString('en')} rows in ${done.tables} tables, every count and checksum fits.`,
      `Restoring took ${seconds.toFixed(1)} s. Restored now, the work of the last ${ageHours.toFixed(1)} hours would be missing.`,
    ])
  } finally {
    await scratch.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Everything from the database in use into another one, checked; the old one stays as it is. */
export async function move(globals: Globals, options: { to: string }): Promise<void> {
  const config = { ...readConfig(), ...quietly() }
  await checkServer(options.to)
  const folder = await mkdtemp(path.join(tmpdir(), 'lma-move-'))
  const file = path.join(folder, 'move.lmab')
  const database = await openDatabase(config)
  try {
    if (database.joined || (await countUsers(database.directUrl)) > 0)
      throw new CliError(
        'The Liquor Agent is running on this database; what is written meanwhile would be left behind. Stop it, then move.',
      )
    const started = performance.now()
    const bar = progress(globals, 'Moving')
    await pipeline(
      writeBackup(database.directUrl, config.version, (n, total) => bar(n, 2 * total)),
      createWriteStream(file, { mode: 0o600 }),
    )
    const done = await restoreBackup(options.to, createReadStream(file), {
      onTable: (n, total) => bar(total + n, 2 * total),
    })
    const seconds = (performance.now() - started) / 1000
    print(globals, 'move', { ...done, seconds }, () => [
      `${done.rows.toLocaleString('en')} rows moved in ${seconds.toFixed(1)} s; every count and checksum fits.`,
      'From now on start with DATABASE_URL set to the new address, and with the same LMA_DATA or LMA_SECRET.',
    ])
    say(globals, `The old database stays in ${config.databaseUrl ? 'its place' : config.dataDir} until you remove it.`)
  } finally {
    await database.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
