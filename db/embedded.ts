import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { account, placeFor, type Account, type Place } from './embedded-place.ts'
import { freePort, isAlive, readOwner, readPostmaster, whileLeaving } from './embedded-process.ts'
import { StartupError } from './startup.ts'

interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface Embedded {
  url: string
  /** true: another process started it and will stop it */
  joined: boolean
  /** pid of the postmaster as it is now; it changes when it had to be restarted */
  pid(): number | null
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  dataDir: string
  log: Log
  port?: number
  /** off only for tests: a crash of the machine may then lose the cluster */
  fsync?: boolean
  /** aborted when this process begins to end: from then on nobody joins its database any more */
  leaving?: AbortSignal
}

const user = 'liquor_agent'
const database = 'liquor_agent'

/**
 * A real PostgreSQL under the data folder: initialised at the first start, restarted on the same port when it dies,
 * never run as root. A second start on a folder that is in use joins it. Throws StartupError with one sentence.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const as = account()
  const place = placeFor(options.dataDir, as, options.log)
  const cluster = path.join(place.dataDir, 'postgres')
  const password = readOrMakePassword(place, as)
  const urlOf = (port: number): string => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`

  const ownerFile = path.join(place.dataDir, 'postgres-owner')
  await whileLeaving(ownerFile)
  const running = readPostmaster(cluster)
  if (running) {
    const owner = readOwner(ownerFile)
    if (owner !== null && isAlive(owner.pid)) {
      options.log.info({ port: running.port }, 'joined the database that is already running')
      return { url: urlOf(running.port), joined: true, pid: () => running.pid, stop: async () => undefined }
    }
    // Its owner died without stopping it (kill -9): shut it down in order and start our own.
    await shutDown(running.pid)
  }
  rmSync(path.join(cluster, 'postmaster.pid'), { force: true })
  if (!existsSync(path.join(cluster, 'PG_VERSION'))) await initialise(place, cluster, password, as)

  const port = options.port ?? (await freePort())
  writeFileSync(ownerFile, String(process.pid))
  options.leaving?.addEventListener('abort', () => writeFileSync(ownerFile, `${process.pid} leaving`), { once: true })
  let child = launch(place, cluster, port, as, options)
  let stopping = false
  await ready(urlOf(port), () => child, options)

  const watch = (): void => {
    child.once('exit', (code, signal) => {
      if (stopping) return
      options.log.warn({ code, signal }, 'the database stopped unexpectedly, restarting it')
      void restart()
    })
  }
  const restart = async (): Promise<void> => {
    // Orphaned backends hold the shared memory for a moment after a kill -9; PostgreSQL refuses until they are gone.
    for (let attempt = 0; attempt < 100 && !stopping; attempt++) {
      rmSync(path.join(cluster, 'postmaster.pid'), { force: true })
      child = launch(place, cluster, port, as, options)
      const next = child
      const up = await Promise.race([
        answers(urlOf(port), 15_000),
        new Promise<false>((resolve) => next.once('exit', () => resolve(false))),
      ])
      if (up) {
        options.log.info({ pid: child.pid, attempt }, 'the database is back')
        return watch()
      }
      await sleep(150)
    }
    if (!stopping)
      options.log.warn({}, 'the database does not come back; see ' + path.join(place.dataDir, 'postgres.log'))
  }
  watch()
  return {
    url: urlOf(port),
    joined: false,
    pid: () => child.pid ?? null,
    async stop() {
      stopping = true
      if (child.pid && child.exitCode === null && child.signalCode === null) await shutDown(child.pid)
      rmSync(ownerFile, { force: true })
    },
  }
}

/** Of the machine, or of the container. */
const memoryMb = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity) / 2 ** 20

/** What is set otherwise than PostgreSQL does by itself, but for addresses and the log. */
export const ownSettings = ({ fsync }: { fsync?: boolean }): Record<string, string> => ({
  max_connections: '120',
  // A sixteenth of the machine, taken only as it is used. What does not fit is written and read again and again.
  shared_buffers: `${Math.min(1024, Math.max(128, Math.floor(memoryMb() / 16)))}MB`,
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  // Nothing replicates this database: what is copied into a table made in the same transaction needs no log of its own.
  wal_level: 'minimal',
  max_wal_senders: '0',
  checkpoint_timeout: '15min',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Whoever asked may have been killed: then nobody waits for the answer any more. Windows cannot tell.
  ...(process.platform === 'win32' ? {} : { client_connection_check_interval: '10s' }),
  ...(fsync === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
})

function launch(
  place: Place,
  cluster: string,
  port: number,
  as: Account | null,
  options: EmbeddedOptions,
): ChildProcess {
  const settings = {
    ...ownSettings(options),
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    logging_collector: 'on',
    log_directory: place.dataDir,
    log_filename: 'postgres.log',
    log_truncate_on_rotation: 'on',
    log_rotation_size: '10MB',
    // Statements carry personal data: they stay out of the log, their errors do not.
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
  }
  return spawn(
    path.join(place.native, 'bin/postgres'),
    ['-D', cluster, ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    {
      ...(as ? { uid: as.uid, gid: as.gid } : {}),
      // A process group of its own: Ctrl-C in the terminal is for us, we stop the database last.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      cwd: place.dataDir,
    },
  )
}

async function ready(url: string, child: () => ChildProcess, options: EmbeddedOptions): Promise<void> {
  let said = ''
  child().stderr?.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-2000)))
  const ended = new Promise<false>((resolve) => child().once('exit', () => resolve(false)))
  if (!(await Promise.race([answers(url, 60_000), ended]))) {
    const fatal = /FATAL:\s*(.+)/.exec(said)?.[1] ?? said.trim().split('\n').at(-1) ?? 'no message'
    throw new StartupError(
      `The built-in database did not start: ${fatal}. Look at ${path.join(options.dataDir, 'postgres.log')}, or move that folder away to begin anew.`,
    )
  }
}

/** Waits until the server takes connections, and makes our database the first time. */
async function answers(url: string, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs
  const admin = new URL(url)
  admin.pathname = '/postgres'
  while (Date.now() < until) {
    const client = new pg.Client({ connectionString: admin.href, connectionTimeoutMillis: 3000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database])
      if (rowCount === 0) await client.query(`create database ${database}`)
      return true
    } catch {
      await sleep(60)
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return false
}

// Into a folder beside it first: an initdb that was killed half-way must not look like a cluster.
async function initialise(place: Place, cluster: string, password: string, as: Account | null): Promise<void> {
  const fresh = `${cluster}.new`
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(fresh, { recursive: true, mode: 0o700 })
  const passwordFile = path.join(place.dataDir, 'postgres-initial')
  writeFileSync(passwordFile, password, { mode: 0o600 })
  if (as) for (const file of [fresh, passwordFile]) chownSync(file, as.uid, as.gid)
  try {
    await run(
      path.join(place.native, 'bin/initdb'),
      [
        '-D',
        fresh,
        '-U',
        user,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
        '--no-sync',
      ],
      as,
      place.dataDir,
    )
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(fresh, cluster)
}

function run(file: string, args: string[], as: Account | null, cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const child = spawn(file, args, {
      ...(as ? { uid: as.uid, gid: as.gid } : {}),
      cwd,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    })
    child.stderr.on('data', (data: Buffer) => (said += data.toString()))
    child.once('error', (error) =>
      reject(
        new StartupError(
          `The built-in database could not be run (${error.message}). Use your own PostgreSQL: set DATABASE_URL.`,
        ),
      ),
    )
    child.once('exit', (code) =>
      code === 0
        ? resolve()
        : reject(
            new StartupError(
              `The built-in database could not be set up: ${said.trim().split('\n').at(-1) ?? `exit ${code}`}. Check the space and rights of ${cwd}.`,
            ),
          ),
    )
  })
}

/** Fast shutdown; after 20 s immediate. */
async function shutDown(pid: number): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    for (let waited = 0; waited < 20_000; waited += 40) {
      if (!isAlive(pid)) return
      await sleep(40)
    }
  }
}

function readOrMakePassword(place: Place, as: Account | null): string {
  const file = path.join(place.dataDir, 'postgres-password')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const password = randomBytes(24).toString('base64url')
  writeFileSync(file, password, { mode: 0o600 })
  if (as) chownSync(place.dataDir, as.uid, as.gid)
  return password
}
