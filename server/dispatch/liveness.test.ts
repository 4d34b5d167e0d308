import { createServer, type AddressInfo, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Ctx } from '../context.ts'
import { startLiveness } from './liveness.ts'

const listen = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

test.each(['refuses', 'hangs up'])(
  'a liveness lock that could not be taken because the database %s is not tried for behind the back of whoever asked',
  async (how) => {
    let server = await listen(0)
    const { port } = server.address() as AddressInfo
    if (how === 'refuses') await close(server)
    const ctx = { directUrl: `postgres://nobody@127.0.0.1:${port}/nothing` } as Ctx
    await expect(startLiveness(ctx)).rejects.toThrow(/ECONNREFUSED|ECONNRESET|terminated/)
    if (how === 'refuses') server = await listen(port)
    let knocks = 0
    server.on('connection', () => (knocks += 1))
    await sleep(600)
    await close(server)
    expect(knocks).toBe(0)
  },
)
