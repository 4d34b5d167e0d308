import { spawn } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { freePort } from './postgres.ts'

const binary = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((file) => existsSync(file)) ?? null
export const hasPgBouncer = binary !== null
export const noPgBouncer = 'no pgbouncer of the system (apt-get install pgbouncer)'

/** PgBouncer in transaction mode before a server: few server connections, many clients. */
export async function startPgBouncer(
  server: string,
  options: { poolSize?: number } = {},
): Promise<{ url: string; remove(): Promise<void> }> {
  if (!binary) throw new Error(noPgBouncer)
  const folder = mkdtempSync(path.join(tmpdir(), 'lma-pgbouncer-'))
  const port = await freePort()
  const to = new URL(server)
  const file = path.join(folder, 'pgbouncer.ini')
  writeFileSync(path.join(folder, 'users.txt'), `"${to.username}" "${decodeURIComponent(to.password)}"\n`)
  writeFileSync(
    file,
    `[databases]
* = host=${to.hostname} port=${to.port} user=${to.username}${to.password ? ` password='${decodeURIComponent(to.password)}'` : ''}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${path.join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = ${options.poolSize ?? 10}
max_client_conn = 500
server_tls_sslmode = disable
logfile = ${path.join(folder, 'log')}
`,
  )
  const as = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (as.uid) for (const name of ['', 'users.txt', 'pgbouncer.ini']) chownSync(path.join(folder, name), as.uid, as.gid)
  const child = spawn(binary, [file], { ...as, cwd: folder, stdio: 'ignore' })
  const url = new URL(server)
  url.port = String(port)
  for (let i = 0; i < 100; i++) {
    const client = new pg.Client({ connectionString: url.href })
    client.on('error', () => undefined)
    try {
      await client.connect()
      break
    } catch {
      if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      await client.end().catch(() => undefined)
    }
  }
  return {
    url: url.href,
    async remove() {
      const gone = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
