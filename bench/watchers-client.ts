import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'

/**
 * The watchers of bench/watchers.ts in a process of their own. In life they sit at a thousand desks; here they share the
 * machine with what is measured, so they do as little as they can: a socket keeps what came and when, and it is only read
 * when the run is over (RFC 6455 by hand; a WebSocket object for each would cost more than the whole server).
 */
interface Order {
  port: number
  token: string
  campaignId: string
  watchers: number
}
/** [count of sent, epoch ms of arrival] of one watcher */
export type Seen = [number, number][]
export type Said =
  | { kind: 'open'; ms: number }
  | { kind: 'seen'; seen: Seen[]; closed: number }
  | { kind: 'back'; ms: number[] }

const say = (said: Said): void => void process.send?.(said)
const now = (): number => performance.timeOrigin + performance.now()

interface Watcher {
  socket: Socket
  came: { data: Buffer; at: number }[]
}
let watchers: Watcher[] = []
let order: Order
let closed = 0
let leaving = false

process.on(
  'message',
  (message: { kind: 'watch'; order: Order } | { kind: 'report' } | { kind: 'again' } | { kind: 'end' }) => {
    if (message.kind === 'watch') {
      order = message.order
      void openAll(null).then((ms) => say({ kind: 'open', ms: Math.max(...ms) }))
    } else if (message.kind === 'report') say({ kind: 'seen', seen: watchers.map(seenBy), closed })
    else if (message.kind === 'again') void again()
    else process.exit(0)
  },
)

/** All at once, as after a restart of the server: milliseconds until each has the state of the campaign. */
async function openAll(after: readonly (string | null)[] | null): Promise<number[]> {
  const began = now()
  const opened = await Promise.all(Array.from({ length: order.watchers }, (_, i) => open(after?.[i] ?? null)))
  watchers = opened.map((o) => o.watcher)
  return opened.map((o) => o.at - began)
}

function open(after: string | null): Promise<{ watcher: Watcher; at: number }> {
  const socket = connect(order.port, '127.0.0.1')
  const watcher: Watcher = { socket, came: [] }
  return new Promise((done, failed) => {
    let head = ''
    let isOpen = false
    socket.on('connect', () =>
      socket.write(
        `GET /ws/campaign/${order.campaignId}/status HTTP/1.1\r\nHost: 127.0.0.1:${order.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      ),
    )
    socket.on('error', failed)
    socket.on('close', () => void (leaving || closed++))
    socket.on('data', (data: Buffer) => {
      const at = now()
      if (isOpen) {
        watcher.came.push({ data, at })
        if (watcher.came.length <= 3 && data.includes('"counts"')) done({ watcher, at })
        return
      }
      head += data.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      if (!head.startsWith('HTTP/1.1 101')) return failed(new Error(head.split('\r\n')[0]))
      isOpen = true
      socket.write(masked(JSON.stringify({ token: order.token, ...(after ? { after } : {}) })))
    })
  })
}

/** A text frame as a client must send it. */
function masked(text: string): Buffer {
  const body = Buffer.from(text)
  const mask = randomBytes(4)
  const head = Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 255])
  return Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4]!)])
}

/** The texts that came, each with the time of its last byte. */
function* textsOf({ came }: Watcher): Generator<{ text: string; at: number }> {
  let rest = Buffer.alloc(0)
  for (const { data, at } of came) {
    rest = Buffer.concat([rest, data])
    for (;;) {
      if (rest.length < 2) break
      const short = rest[1]! & 127
      const head = short === 126 ? 4 : short === 127 ? 10 : 2
      if (rest.length < head) break
      const size = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
      if (rest.length < head + size) break
      if ((rest[0]! & 15) === 1) yield { text: rest.toString('utf8', head, head + size), at }
      rest = rest.subarray(head + size)
    }
  }
}

function seenBy(watcher: Watcher): Seen {
  const seen: Seen = []
  for (const { text, at } of textsOf(watcher)) {
    const { counts } = JSON.parse(text) as { counts?: Record<string, number> }
    if (counts) seen.push([(counts['sent'] ?? 0) + (counts['delivered'] ?? 0), at])
  }
  return seen
}

async function again(): Promise<void> {
  const cursors = watchers.map((w) => {
    let last: string | null = null
    for (const { text } of textsOf(w)) last = (JSON.parse(text) as { at?: string }).at ?? last
    return last
  })
  leaving = true
  for (const { socket } of watchers) socket.destroy()
  await new Promise((done) => setTimeout(done, 500))
  say({ kind: 'back', ms: await openAll(cursors) })
}
