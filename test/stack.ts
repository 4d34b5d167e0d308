import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from './postgres.ts'

const cli = path.resolve(import.meta.dirname, '../server/cli.ts')

export interface Member {
  role: 'api' | 'worker'
  child: ChildProcess
  /** of the API, or of its health and metrics for a worker */
  port: number
  said: { err: string }
  kill(signal?: NodeJS.Signals): Promise<void>
}

export interface Stack {
  /** the proxy before the APIs */
  base: string
  members: Member[]
  start(role: Member['role']): Promise<Member>
  stop(): Promise<void>
}

/**
 * Several processes of the product on one database, with a proxy before the APIs that deals connections out in turn and
 * passes by whoever does not answer. `env` is what they all get: DATABASE_URL, REDIS_URL and so on; the proxy listens at
 * the port of PUBLIC_URL, if that is given.
 */
export async function startStack(env: Record<string, string>, counts: { api: number; worker: number }): Promise<Stack> {
  const dataDir = env['LMA_DATA'] ?? mkdtempSync(path.join(tmpdir(), 'lma-stack-'))
  const members: Member[] = []

  async function start(role: Member['role']): Promise<Member> {
    const port = await freePort()
    const { PATH = '', HOME = '' } = process.env
    // With the flags of who runs this: benches have those of the product.
    const child = spawn(process.execPath, [...process.execArgv, cli, role], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        PATH,
        HOME,
        LMA_DATA: dataDir,
        LMA_SECRET: 'a secret that only tests use, 32+ characters',
        LMA_DEMO: 'off',
        LOG_LEVEL: 'warn',
        ...env,
        ...(role === 'api' ? { PORT: String(port) } : { METRICS_PORT: String(port) }),
      },
    })
    const said = { err: '' }
    child.stderr.on('data', (data: Buffer) => (said.err = (said.err + data.toString()).slice(-20_000)))
    const member: Member = {
      role,
      child,
      port,
      said,
      async kill(signal = 'SIGKILL') {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = new Promise((resolve) => child.once('exit', resolve))
        child.kill(signal)
        await gone
      },
    }
    await ready(member)
    members.push(member)
    return member
  }

  // One after the other: the first migrates, the others find it done.
  for (let i = 0; i < counts.api; i++) await start('api')
  await Promise.all(Array.from({ length: counts.worker }, () => start('worker')))
  const proxy = await startProxy(
    () =>
      members
        .filter((m) => m.role === 'api' && m.child.exitCode === null && m.child.signalCode === null)
        .map((m) => m.port),
    env['PUBLIC_URL'] ? Number(new URL(env['PUBLIC_URL']).port) : 0,
  )
  return {
    base: `http://127.0.0.1:${(proxy.address() as { port: number }).port}`,
    members,
    start,
    async stop() {
      await Promise.all(members.map((m) => m.kill('SIGTERM')))
      await new Promise((resolve) => proxy.close(resolve))
      if (!env['LMA_DATA']) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function ready(member: Member): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (member.child.exitCode !== null) throw new Error(`${member.role} ended: ${member.said.err}`)
    const ok = await fetch(`http://127.0.0.1:${member.port}/health/ready`).then(
      (r) => r.ok,
      () => false,
    )
    if (ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${member.role} is not ready: ${member.said.err}`)
}

async function startProxy(ports: () => number[], port: number): Promise<Server> {
  let turn = 0
  const open = new Set<import('node:net').Socket>()
  const server = createServer((client) => {
    open.add(client)
    client.on('close', () => open.delete(client))
    client.on('error', () => undefined)
    const all = ports()
    const first = turn++
    function dial(attempt: number): void {
      if (attempt >= all.length) return void client.destroy()
      const target = connect(all[(first + attempt) % all.length]!, '127.0.0.1')
      let isUp = false
      target.once('connect', () => {
        isUp = true
        client.pipe(target).pipe(client)
      })
      target.on('error', () => (isUp ? client.destroy() : dial(attempt + 1)))
      target.on('close', () => isUp && client.destroy())
      client.on('close', () => target.destroy())
    }
    dial(0)
  })
  const close = server.close.bind(server)
  server.close = (done) => {
    for (const socket of open) socket.destroy()
    return close(done)
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return server
}
