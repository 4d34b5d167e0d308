import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { verifyAccessToken } from './auth.ts'

/**
 * WebSockets: `/ws/campaign/{id}/status`, `/ws/analytics`, `/ws/notifications`. A client sends
 * `{"token": "<access token>"}` as its first message (tokens do not belong into addresses), then only listens.
 */
export function registerLive(app: FastifyInstance, ctx: Ctx): void {
  const rooms: { url: string; prefix: (params: { id?: string }) => string[] }[] = [
    { url: '/ws/campaign/:id/status', prefix: ({ id }) => [`campaign.${id}`] },
    { url: '/ws/analytics', prefix: () => ['analytics', 'campaign.'] },
    { url: '/ws/notifications', prefix: () => ['job.', 'notify', 'campaign.'] },
  ]
  for (const room of rooms) {
    app.get<{ Params: { id?: string } }>(room.url, { websocket: true, schema: { hide: true } }, (socket, request) => {
      const origin = request.headers.origin
      // A page of another site may open a socket with our cookies; it holds no token, but refuse it at the door.
      if (origin && !sameOrigin(origin, request.headers.host)) return socket.close(4403, 'foreign origin')
      const stops: (() => void)[] = []
      ctx.metrics.liveClients(1)
      const late = setTimeout(() => socket.close(4401, 'no token'), 5000)
      const pulse = setInterval(() => socket.ping(), 25_000)
      let lastBuffered = 0
      socket.once('message', (data: Buffer) => {
        clearTimeout(late)
        void admit(data).then((ok) => {
          if (!ok) return socket.close(4401, 'sign in again')
          socket.send(
            JSON.stringify({ topic: 'ready', session: randomBytes(6).toString('hex'), at: ctx.clock().toISOString() }),
          )
          for (const prefix of room.prefix(request.params)) {
            stops.push(
              ctx.bus.subscribe(prefix, (topic, payload) => {
                // A client that does not read must not make us remember everything for it.
                if (socket.bufferedAmount > 256 * 1024 && lastBuffered > 0) return socket.close(4408, 'too slow')
                lastBuffered = socket.bufferedAmount
                socket.send(JSON.stringify({ topic, ...payload }))
              }),
            )
          }
        })
      })
      socket.on('close', () => {
        clearTimeout(late)
        clearInterval(pulse)
        ctx.metrics.liveClients(-1)
        for (const stop of stops) stop()
      })
    })
  }

  async function admit(data: Buffer): Promise<boolean> {
    let first: unknown
    try {
      first = JSON.parse(data.toString('utf8').slice(0, 4000))
    } catch {
      return false
    }
    const message = z.object({ token: z.string() }).safeParse(first)
    return message.success && (await verifyAccessToken(ctx.config.secret, message.data.token, ctx.clock())) !== null
  }
}

export function sameOrigin(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host
  } catch {
    return false
  }
}
