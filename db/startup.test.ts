import { connect, createServer, type AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { freshDatabase } from '#test/db.ts'
import { checkServer } from './startup.ts'

/** The answer of a server that reads its log after a crash: ErrorResponse with severity, SQLSTATE and message. */
function startingUp(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0')
  const head = Buffer.from([0x45, 0, 0, 0, 0])
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, fields])
}

/** A way to the real server that refuses the first connections as a starting one does. */
async function serverThatStarts(
  url: URL,
  refusals: number,
): Promise<{ url: string; asked: () => number; close(): void }> {
  let asked = 0
  const server = createServer((client) => {
    client.on('error', () => undefined)
    if (asked++ < refusals) {
      client.once('data', () => client.end(startingUp()))
      return
    }
    const real = connect(Number(url.port), url.hostname)
    real.on('error', () => client.destroy())
    real.pipe(client).pipe(real)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  return { url: through.href, asked: () => asked, close: () => server.close() }
}

test('a database that is just starting is waited for, and not longer than told', async () => {
  const real = new URL((await freshDatabase()).url)
  const soon = await serverThatStarts(real, 2)
  await checkServer(soon.url, 20_000)
  expect(soon.asked()).toBe(3)
  soon.close()

  const never = await serverThatStarts(real, Infinity)
  await expect(checkServer(never.url, 700)).rejects.toThrow(/still starting/)
  expect(never.asked()).toBeGreaterThan(1)
  never.close()
})
