import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/**
 * What lies between a worker and its mail server. `refuse`: nobody listens. `hang`: taken, and silence. `reset`: cut with
 * RST in the middle of a body. `mute`: the server's answers no longer arrive, so a 250 is lost on the wire. `slow`: each
 * answer takes `delayMs`. `stall`: nothing moves in either direction, and goes on where it stopped afterwards.
 */
export type ProxyMode = 'pass' | 'refuse' | 'hang' | 'reset' | 'mute' | 'slow' | 'stall'

export interface FaultProxy {
  port: number
  /** connections that were tried since the mode was set, refused ones not counted */
  attempts: number
  set(mode: ProxyMode, delayMs?: number): Promise<void>
  close(): Promise<void>
}

export async function startProxy(target: number): Promise<FaultProxy> {
  const pairs = new Set<{ client: Socket; server: Socket; bytes: number }>()
  const held = new Set<Socket>()
  let mode: ProxyMode = 'pass'
  let delayMs = 0
  const listener: Server = createServer((client) => {
    proxy.attempts += 1
    client.on('error', () => client.destroy())
    if (mode === 'hang') {
      held.add(client)
      return
    }
    const server = connect(target, '127.0.0.1')
    server.setNoDelay(true)
    client.setNoDelay(true)
    const pair = { client, server, bytes: 0 }
    pairs.add(pair)
    server.on('error', () => client.destroy())
    client.on('data', (data: Buffer) => {
      pair.bytes += data.length
      // Past the envelope and inside a body: half of it goes on, then RST.
      if (mode === 'reset' && data.length > 1_000) {
        server.destroy()
        return void client.resetAndDestroy()
      }
      server.write(data)
    })
    server.on('data', (data: Buffer) => {
      if (mode === 'mute') return
      if (mode === 'slow') setTimeout(() => client.destroyed || client.write(data), delayMs)
      else client.write(data)
    })
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const)
      one.on('close', () => {
        pairs.delete(pair)
        other.destroy()
      })
    if (mode === 'stall') for (const socket of [client, server]) socket.pause()
  })
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      listener.once('error', reject)
      listener.listen(port, '127.0.0.1', resolve)
    })
  const proxy: FaultProxy = {
    port: 0,
    attempts: 0,
    async set(next, delay = 0) {
      const before = mode
      mode = next
      delayMs = delay
      proxy.attempts = 0
      for (const socket of held) socket.destroy()
      held.clear()
      if (next === 'refuse') {
        const closed = new Promise<void>((resolve) => listener.close(() => resolve()))
        for (const { client } of pairs) client.destroy()
        await closed
      } else if (before === 'refuse') await listen(proxy.port)
      for (const { client, server } of pairs) {
        if (next === 'stall') for (const socket of [client, server]) socket.pause()
        else if (before === 'stall') for (const socket of [client, server]) socket.resume()
        else if (before === 'mute') client.destroy()
      }
    },
    async close() {
      for (const { client } of pairs) client.destroy()
      for (const socket of held) socket.destroy()
      if (mode !== 'refuse') await new Promise<void>((resolve) => listener.close(() => resolve()))
    },
  }
  await listen(0)
  proxy.port = (listener.address() as AddressInfo).port
  return proxy
}
