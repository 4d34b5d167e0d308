import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ownSettings, startEmbedded, type Embedded } from '#db/embedded.ts'
import { startCluster } from '#test/postgres.ts'

const log = { info: () => undefined, warn: () => undefined }
type Database = Pick<Embedded, 'url' | 'pid' | 'stop'>

/**
 * With `--system` benches run on the system's PostgreSQL with the settings of the built-in one. What comes with the npm package is
 * compiled for size (-Os), and takes about a tenth more processor time than one that is installed.
 */
const isSystem = process.argv.includes('--system')
export const onDatabase = isSystem ? 'PostgreSQL of the system' : 'built-in PostgreSQL'

async function startDatabase(dataDir: string, fsync: boolean): Promise<Database> {
  if (!isSystem) return startEmbedded({ dataDir, log, fsync })
  const isNew = !existsSync(path.join(dataDir, 'data'))
  const cluster = await startCluster(ownSettings({ fsync }), { folder: dataDir, isNew })
  return { url: cluster.url, pid: () => cluster.pid, stop: async () => cluster.stop() }
}

/**
 * A database folder for one run. Filling a shop takes longer than measuring it: with `--keep FOLDER` the filled shop is
 * put there once, and every run works on a copy, so that each finds the same state.
 * @param name tells shops of different make and size apart inside FOLDER
 * @param fsync on while it is measured; filling never waits for the disk
 */
export async function startFilled(
  name: string,
  fill: (database: Database, dataDir: string) => Promise<void>,
  { fsync = false } = {},
): Promise<{ database: Database; dataDir: string; stop: () => Promise<void> }> {
  const at = process.argv.indexOf('--keep')
  const own = isSystem ? `${name}-system` : name
  const kept = at > 0 && process.argv[at + 1] ? path.join(path.resolve(process.argv[at + 1]!), own) : null
  const dataDir = mkdtempSync(path.join(tmpdir(), `lma-${name}-`))
  const start = (safe = fsync): Promise<Database> => startDatabase(dataDir, safe)
  const copy = (from: string, to: string): void => {
    execFileSync('cp', ['-a', '--reflink=auto', from, to])
    // Else the disk writes gigabytes of it while something else is measured.
    execFileSync('sync', ['-f', to])
  }
  let database: Database | undefined
  const stop = async (): Promise<void> => {
    await database?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    if (kept && existsSync(kept)) {
      copy(`${kept}/.`, dataDir)
      database = await start()
    } else {
      database = await start(false)
      await fill(database, dataDir)
      if (kept || fsync) await database.stop()
      if (kept) {
        // Under its name only when it is whole.
        rmSync(`${kept}.part`, { recursive: true, force: true })
        mkdirSync(path.dirname(kept), { recursive: true })
        copy(dataDir, `${kept}.part`)
        renameSync(`${kept}.part`, kept)
      }
      if (kept || fsync) database = await start()
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { database, dataDir, stop }
}
