import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from './postgres.ts'

const binary = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((file) => existsSync(file)) ?? null
export const hasRedis = binary !== null
export const noRedis = 'no redis-server of the system (apt-get install redis-server)'

export interface RedisServer {
  url: string
  /** sends one command and waits for its answer */
  command(...words: string[]): Promise<string>
  kill(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/** A Redis of its own on a free port of the loopback. */
export async function startRedis(): Promise<RedisServer> {
  if (!binary) throw new Error(noRedis)
  const folder = mkdtempSync(path.join(tmpdir(), 'lma-redis-'))
  const port = await freePort()
  let child: ChildProcess | undefined
  const command = (...words: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = createConnection(port, '127.0.0.1', () => socket.write(words.join(' ') + '\r\n'))
      socket.once('data', (data: Buffer) => {
        socket.destroy()
        resolve(data.toString().trim())
      })
      socket.once('error', reject)
    })
  async function start(): Promise<void> {
    child = spawn(
      binary!,
      ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
      {
        stdio: 'ignore',
      },
    )
    for (let i = 0; i < 100; i++) {
      if ((await command('PING').catch(() => '')) === '+PONG') return
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    throw new Error('Redis did not start')
  }
  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child!.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }
  await start()
  return {
    url: `redis://127.0.0.1:${port}`,
    command,
    kill,
    start,
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
