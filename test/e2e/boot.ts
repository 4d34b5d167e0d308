import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Starts the real product as a customer would, on a free port and an empty data folder; tears it down afterwards. */
export default async function boot(): Promise<() => Promise<void>> {
  // For trying out a test against a server that runs already.
  if (process.env['E2E_BASE']) return () => Promise.resolve()
  const data = mkdtempSync(path.join(tmpdir(), 'lma-e2e-'))
  const port = await freePort()
  // Receivers of webhooks stand on this machine.
  const server = spawn(process.execPath, ['server/cli.ts', 'up'], {
    env: { ...process.env, LMA_DATA: data, PORT: String(port), LOG_LEVEL: 'warn', LMA_PRIVATE_ADDRESSES: 'all' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const base = `http://localhost:${port}`
  process.env['E2E_BASE'] = base
  await answered(base, server)
  return async () => {
    const gone = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    const hard = setTimeout(() => server.kill('SIGKILL'), 30_000)
    await gone
    clearTimeout(hard)
    rmSync(data, { recursive: true, force: true })
  }
}

async function answered(base: string, server: ReturnType<typeof spawn>): Promise<void> {
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

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}
