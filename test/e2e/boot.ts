import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startListening } from './leaks.ts'
import { startPgBouncer } from '../pgbouncer.ts'
import { createDatabase, freePort, startCluster } from '../postgres.ts'
import { startRedis } from '../redis.ts'
import { startStack } from '../stack.ts'

type Undo = () => unknown

/**
 * Starts the real product on a free port and an empty data folder; tears it down afterwards. E2E_MODE chooses how
 * (scripts/e2e-modes.mjs): as a customer would, on a PostgreSQL of the system, with Redis, or as many processes.
 */
export default async function boot(): Promise<() => Promise<void>> {
  // For trying out a test against a server that runs already.
  if (process.env['E2E_BASE']) return () => Promise.resolve()
  const undo: Undo[] = []
  const down = async (): Promise<void> => {
    // One that fails must not leave the others running.
    const failures: unknown[] = []
    for (const step of undo.toReversed()) await Promise.resolve(step()).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    await start(process.env['E2E_MODE'] ?? 'embedded', undo)
    return down
  } catch (error) {
    await down()
    throw error
  }
}

async function start(mode: string, undo: Undo[]): Promise<void> {
  const data = mkdtempSync(path.join(tmpdir(), 'lma-e2e-'))
  undo.push(() => rmSync(data, { recursive: true, force: true }))
  const port = await freePort()
  const base = `http://localhost:${port}`
  const env: Record<string, string> = {
    LMA_DATA: data,
    LOG_LEVEL: 'warn',
    PUBLIC_URL: base,
    // Receivers of webhooks stand on this machine.
    LMA_PRIVATE_ADDRESSES: 'all',
  }
  let listening: Awaited<ReturnType<typeof startListening>> | undefined
  if (mode !== 'embedded') {
    const cluster = await startCluster()
    undo.push(() => cluster.remove())
    env['DATABASE_URL'] = await createDatabase(cluster.url, 'e2e')
    if (mode === 'overheard') {
      listening = await startListening(cluster, env['DATABASE_URL'])
      undo.push(listening.close)
      Object.assign(env, listening.env)
    }
  }
  if (mode === 'redis' || mode === 'pooled') {
    const redis = await startRedis()
    undo.push(() => redis.remove())
    env['REDIS_URL'] = redis.url
  }
  if (mode === 'pooled') {
    const direct = env['DATABASE_URL']!
    const pooler = await startPgBouncer(direct)
    undo.push(() => pooler.remove())
    Object.assign(env, { DATABASE_URL: pooler.url, DATABASE_DIRECT_URL: direct })
    // Only `up` fills an empty shop by itself.
    const loaded = spawnSync(process.execPath, ['server/cli.ts', 'demo'], {
      env: { ...process.env, ...env, LMA_SECRET: 'a secret that only tests use, 32+ characters' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    if (loaded.status !== 0) throw new Error('the demo could not be loaded')
    const stack = await startStack({ ...env, LMA_SLOTS: '5' }, { api: 2, worker: 2 })
    undo.push(() => stack.stop())
  } else {
    const server = spawn(process.execPath, ['server/cli.ts', 'up'], {
      env: { ...process.env, ...env, PORT: String(port) },
      stdio: listening ? ['ignore', listening.log, listening.log] : ['ignore', 'inherit', 'inherit'],
    })
    undo.push(() => stopped(server))
    await answered(base, server)
    if (listening) undo.push(listening.search)
  }
  process.env['E2E_BASE'] = base
}

async function stopped(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return
  const gone = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  const hard = setTimeout(() => server.kill('SIGKILL'), 30_000)
  await gone
  clearTimeout(hard)
}

async function answered(base: string, server: ChildProcess): Promise<void> {
  for (let i = 0; i < 240; i++) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode} before it answered`)
    const ok = await fetch(`${base}/health`).then(
      (r) => r.ok,
      () => false,
    )
    if (ok) return
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  throw new Error('the server did not answer within two minutes')
}
