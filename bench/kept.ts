import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbedded, type Embedded } from '#db/embedded.ts'

const log = { info: () => undefined, warn: () => undefined }

/**
 * A database folder for one run. Filling a shop takes longer than measuring it: with `--keep FOLDER` the filled shop is
 * put there once, and every run works on a copy, so that each finds the same state.
 * @param name tells shops of different make and size apart inside FOLDER
 * @param fsync on while it is measured; filling never waits for the disk
 */
export async function startFilled(
  name: string,
  fill: (database: Embedded, dataDir: string) => Promise<void>,
  { fsync = false } = {},
): Promise<{ database: Embedded; dataDir: string; stop: () => Promise<void> }> {
  const at = process.argv.indexOf('--keep')
  const kept = at > 0 && process.argv[at + 1] ? path.join(path.resolve(process.argv[at + 1]!), name) : null
  const dataDir = mkdtempSync(path.join(tmpdir(), `lma-${name}-`))
  const start = (safe = fsync): Promise<Embedded> => startEmbedded({ dataDir, log, fsync: safe })
  const copy = (from: string, to: string): unknown => execFileSync('cp', ['-a', '--reflink=auto', from, to])
  let database: Embedded | undefined
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
