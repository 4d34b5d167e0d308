import type { WebSocket } from '@fastify/websocket'
import type { Ctx } from '../context.ts'
import { readNotice, type Reader } from '../notice-feed.ts'
import { createPace } from './live-pace.ts'

/** One socket: while it is held, what is new waits behind what it missed. */
export interface Client {
  reader: Reader
  send(text: string): void
  hold(): void
  release(): void
  /** what everybody of a topic gets, as UTF-8; waits while held */
  tell(text: Buffer): void
}

export interface Hub {
  clientOf(socket: WebSocket, reader: Reader): Client
  /** Hears these topics (beginnings of them) until the returned function is called. */
  join(client: Client, topics: readonly string[]): () => void
}

const mostBuffered = 256 * 1024

/**
 * Sends what comes over the bus to everybody who watches. One listener per topic whoever watches it, and a message is
 * written once for all: a thousand watchers of a campaign cost a thousand small writes and nothing else.
 */
export function createHub(ctx: Ctx): Hub {
  const watchers = new Map<string, { clients: Set<Client>; stop: () => void }>()

  function listen(topic: string): { clients: Set<Client>; stop: () => void } {
    const clients = new Set<Client>()
    if (topic === 'notice.')
      return { clients, stop: ctx.bus.subscribe(topic, (_, { id }) => void tellNotice(ctx, String(id), clients)) }
    const pace = createPace(
      () => clients.size,
      (name, payload) => {
        const text = Buffer.from(JSON.stringify({ topic: name, at: ctx.clock().toISOString(), ...payload }))
        for (const client of clients) client.tell(text)
      },
    )
    const unsubscribe = ctx.bus.subscribe(topic, pace.tell)
    return {
      clients,
      stop() {
        unsubscribe()
        pace.stop()
      },
    }
  }

  return {
    clientOf: createClient,
    join(client, topics) {
      for (const topic of topics) {
        let watched = watchers.get(topic)
        if (!watched) watchers.set(topic, (watched = listen(topic)))
        watched.clients.add(client)
      }
      return () => {
        for (const topic of topics) {
          const watched = watchers.get(topic)
          watched?.clients.delete(client)
          if (watched?.clients.size !== 0) continue
          watched.stop()
          watchers.delete(topic)
        }
      }
    },
  }
}

function createClient(socket: WebSocket, reader: Reader): Client {
  let held: Buffer[] | null = null
  let wasFull = false
  const send = (text: string | Buffer): void => {
    if (socket.readyState !== socket.OPEN) return
    // A client that does not read must not make us remember everything for it.
    const isFull = socket.bufferedAmount > mostBuffered
    if (isFull && wasFull) return socket.close(4408, 'too slow')
    wasFull = isFull
    socket.send(text, { binary: false })
  }
  return {
    reader,
    send,
    hold: () => void (held ??= []),
    release() {
      const waiting = held ?? []
      held = null
      for (const text of waiting) send(text)
    },
    tell: (text) => (held ? void held.push(text) : send(text)),
  }
}

async function tellNotice(ctx: Ctx, id: string, clients: ReadonlySet<Client>): Promise<void> {
  try {
    const found = await readNotice(ctx.pool, id)
    if (!found) return
    const text = Buffer.from(JSON.stringify({ topic: 'notice', cursor: id, notice: found.notice }))
    for (const client of clients) if (found.isFor(client.reader)) client.tell(text)
  } catch (err) {
    // The list of notices is asked again by whoever comes back.
    ctx.log.warn({ err: err as Error, notice: id }, 'a notice was not told')
  }
}
