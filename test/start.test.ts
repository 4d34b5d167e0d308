import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { startCli, type Running } from './run-cli.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'lma-start-'))
const running = new Set<Running>()
// As root the database runs as nobody and must be able to enter.
chmodSync(folder, 0o755)
afterAll(async () => {
  for (const r of running) if (r.child.exitCode === null) r.child.kill('SIGTERM')
  await Promise.all([...running].map((r) => r.done))
  rmSync(folder, { recursive: true, force: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function up(port: number, data = path.join(folder, 'data')): Promise<Running> {
  const started = startCli(['up'], { LMA_DATA: data, LMA_DEMO: 'off', PORT: String(port) })
  running.add(started)
  for (let i = 0; i < 600 && !started.said.err.includes('is ready') && started.child.exitCode === null; i++)
    await new Promise((resolve) => setTimeout(resolve, 50))
  return started
}

const status = async (port: number, url: string): Promise<number> =>
  (await fetch(`http://127.0.0.1:${port}${url}`)).status
const lock = path.join(folder, 'data/postgres/postmaster.pid')
const postmaster = (): number => Number(readFileSync(lock, 'utf8').split('\n')[0])

test('one command brings everything up, Ctrl-C takes everything down in order, and the data is still there', async () => {
  const port = await freePort()
  const first = await up(port)
  expect(first.said.err).toContain(`http://localhost:${port}`)
  expect(await status(port, '/health')).toBe(200)
  const sign = { email: 'ada@example.com', password: 'a long enough password' }
  const post = (url: string, body: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  expect((await post('/api/v1/auth/register', { ...sign, full_name: 'Ada' })).status).toBe(201)
  expect(existsSync(lock)).toBe(true)
  first.child.kill('SIGTERM')
  const ended = await first.done
  expect(ended.code).toBe(0)
  expect(ended.err).toContain('Stopped; nothing was lost.')
  expect(ended.err).not.toMatch(/"level":"(warn|error)"/)
  // PostgreSQL takes its lock away when it has shut down in order.
  expect(existsSync(lock)).toBe(false)

  const second = await up(port)
  expect((await post('/api/v1/auth/login', sign)).status).toBe(200)

  // A second start on the same folder joins the database; on the same port it says so and ends.
  const taken = await up(port)
  expect((await taken.done).code).toBe(3)
  expect(taken.said.err).toContain(`PORT=${port + 1} npm start`)
  const beside = await up(await freePort())
  expect(beside.said.err).toContain('is ready')
  beside.child.kill('SIGTERM')
  expect((await beside.done).code).toBe(0)
  expect(await status(port, '/health')).toBe(200)

  // The database is killed: it comes back by itself. Then everything is killed: the next start picks up what is left.
  process.kill(postmaster(), 'SIGKILL')
  await expect.poll(() => status(port, '/health').catch(() => 0), { timeout: 20_000 }).toBe(200)
  second.child.kill('SIGKILL')
  await second.done
  const third = await up(port)
  expect(third.said.err).toContain('is ready')
  // Stopped and started again at once: the next one waits for its own database instead of joining one that goes away.
  third.child.kill('SIGTERM')
  const fourth = await up(await freePort())
  expect(fourth.said.err).toContain('is ready')
  expect((await third.done).code).toBe(0)
  fourth.child.kill('SIGTERM')
  expect((await fourth.done).code).toBe(0)
}, 120_000)

test('a folder that cannot be written is named with the cure', async () => {
  const closed = mkdtempSync(path.join(tmpdir(), 'lma-closed-'))
  chmodSync(closed, 0o555)
  // Root may write into any folder, but not into a file.
  const data = process.getuid?.() === 0 ? '/dev/null/data' : path.join(closed, 'data')
  const refused = await up(await freePort(), data)
  const ended = await refused.done
  expect(ended.code).toBe(3)
  expect(ended.err).toMatch(/cannot be written .*LMA_DATA/)
  rmSync(closed, { recursive: true })
})
