import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'

/** Where PostgreSQL of the system lies (Debian's layout), newest first; null when there is none. */
export function systemPostgres(): string | null {
  const base = '/usr/lib/postgresql'
  if (!existsSync(base)) return null
  const version = readdirSync(base)
    .filter((v) => existsSync(path.join(base, v, 'bin/initdb')))
    .sort((a, b) => Number(b) - Number(a))[0]
  return version ? path.join(base, version, 'bin') : null
}

/** Said by tests that need it and do not find it. */
export const noPostgres = 'no PostgreSQL of the system under /usr/lib/postgresql (apt-get install postgresql-15)'

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}

/** PostgreSQL and its tools refuse to run as root; 65534 is nobody everywhere. */
const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

export interface Cluster {
  url: string
  port: number
  folder: string
  /** of the postmaster */
  pid: number
  /** runs a tool of PostgreSQL as the owner of the cluster */
  tool(name: string, args: string[]): string
  stop(mode?: 'fast' | 'immediate'): void
  remove(): void
}

/** A cluster of the system's PostgreSQL on a free port, trusting the loopback; `settings` like `{ wal_level: 'replica' }`. */
export async function startCluster(
  settings: Record<string, string> = {},
  from?: { folder: string; isNew?: boolean },
): Promise<Cluster> {
  const bin = systemPostgres()
  if (!bin) throw new Error(noPostgres)
  const folder = from?.folder ?? mkdtempSync(path.join(tmpdir(), 'lma-pg-'))
  if (account.uid) chownSync(folder, account.uid, account.gid)
  const tool = (name: string, args: string[]): string =>
    execFileSync(path.join(bin, name), args, {
      ...account,
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const data = path.join(folder, 'data')
  if (!from || from.isNew)
    tool('initdb', ['-D', data, '-U', 'liquor', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'])
  const port = await freePort()
  const all = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: folder, ...settings }
  const child = spawn(
    path.join(bin, 'postgres'),
    ['-D', data, ...Object.entries(all).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    {
      ...account,
      cwd: folder,
      stdio: 'ignore',
      detached: true,
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    },
  )
  const url = `postgres://liquor@127.0.0.1:${port}/postgres`
  for (let i = 0; i < 200; i++) {
    const client = new pg.Client({ connectionString: url })
    client.on('error', () => undefined)
    try {
      await client.connect()
      break
    } catch {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  const stop = (mode: 'fast' | 'immediate' = 'fast'): void => {
    try {
      tool('pg_ctl', ['-D', data, '-m', mode, '-w', 'stop'])
    } catch {
      // It has stopped already.
    }
  }
  return {
    url,
    port,
    folder,
    pid: child.pid!,
    tool,
    stop,
    remove() {
      stop('immediate')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A streaming stand-by of a cluster that was started with `streaming`. */
export async function startStandby(primary: Cluster, settings: Record<string, string> = {}): Promise<Cluster> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lma-standby-'))
  if (account.uid) chownSync(folder, account.uid, account.gid)
  // pg_basebackup writes as the owner of the clusters, and -R leaves standby.signal and the address of the primary.
  const at = ['-h', '127.0.0.1', '-p', String(primary.port), '-U', 'liquor']
  primary.tool('pg_basebackup', [
    ...at,
    '-D',
    path.join(folder, 'data'),
    '-X',
    'stream',
    '-c',
    'fast',
    '-R',
    '--no-sync',
  ])
  return startCluster({ ...streaming, ...settings }, { folder })
}

/** What a cluster needs to have stand-bys. */
export const streaming = { wal_level: 'replica', max_wal_senders: '5', hot_standby: 'on' }

/** Makes a database there and gives its address. */
export async function createDatabase(server: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`create database ${name}`)
  await client.end()
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}
