import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { sameOrigin } from './cross-site.ts'
import { openTo } from './access-policy.ts'
import { noticesAfter, type Reader } from '../notice-feed.ts'
import { userOf } from './auth.ts'
import { createCampaignStates } from './live-campaign.ts'
import { createHub, type Client } from './live-hub.ts'

const First = z.object({
  token: z.string(),
  /** where the client was when it lost us: id of a notice, or `at` of a campaign's state */
  after: z.string().max(60).optional(),
})

/**
 * WebSockets: `/ws/campaign/{id}/status`, `/ws/analytics`, `/ws/notifications`. A client sends
 * `{"token": "<access token>", "after"?: "<cursor>"}` as its first message (tokens do not belong into addresses), then
 * only listens. Every message says its `cursor` where it has one; a client that comes back with the last one gets what
 * it missed, at least once.
 */
export function registerLive(app: FastifyInstance, ctx: Ctx): void {
  const hub = createHub(ctx)
  const states = createCampaignStates(ctx)
  const rooms: {
    url: string
    topics: (params: { id?: string }) => string[]
    /** what the client missed, before it hears what is new */
    resume?: (client: Client, params: { id?: string }, after: string | undefined) => Promise<void>
  }[] = [
    {
      url: '/ws/campaign/:id/status',
      topics: ({ id }) => [`campaign.${id}`],
      resume: async (client, { id }, after) => client.send(await states.since(id!, after ?? null)),
    },
    { url: '/ws/analytics', topics: () => ['analytics', 'campaign.'] },
    {
      url: '/ws/notifications',
      topics: () => ['job.', 'notify', 'campaign.', 'notice.'],
      resume: async (client, _params, after) => {
        if (after === undefined || !z.uuid().safeParse(after).success) return
        const { data, isCut } = await noticesAfter(ctx.pool, client.reader, after)
        if (isCut) client.send(JSON.stringify({ topic: 'notices.cut' }))
        for (const notice of data) client.send(JSON.stringify({ topic: 'notice', cursor: notice.id, notice }))
      },
    },
  ]
  for (const room of rooms) {
    const config = openTo('the first message carries the access token')
    app.get<{ Params: { id?: string } }>(
      room.url,
      { websocket: true, schema: { hide: true }, config },
      (socket, request) => {
        const origin = request.headers.origin
        // A page of another site may open a socket with our cookies; it holds no token, but refuse it at the door.
        if (origin && !sameOrigin(origin, request.headers.host)) return socket.close(4403, 'foreign origin')
        const { params } = request
        if (params.id !== undefined && !z.uuid().safeParse(params.id).success)
          return socket.close(4404, 'no such campaign')
        let leave: () => void = () => undefined
        let isGone = false
        ctx.metrics.liveClients(1)
        const late = setTimeout(() => socket.close(4401, 'no token'), 5000)
        const pulse = setInterval(() => socket.ping(), 25_000)
        socket.once('message', (data: Buffer) => {
          clearTimeout(late)
          void admit(data)
            .then(async (first) => {
              if (isGone) return
              if (!first) return socket.close(4401, 'sign in again')
              socket.send(
                JSON.stringify({
                  topic: 'ready',
                  session: randomBytes(6).toString('hex'),
                  at: ctx.clock().toISOString(),
                }),
              )
              const client = hub.clientOf(socket, first.reader)
              // First join, then look back: what happens in between is held and comes after what was missed.
              client.hold()
              leave = hub.join(client, room.topics(params))
              await room.resume?.(client, params, first.after)
              client.release()
            })
            .catch((err: unknown) => {
              ctx.log.warn({ err, room: room.url }, 'a live client could not be brought up to date')
              socket.close(4500, 'try again')
            })
        })
        socket.on('close', () => {
          isGone = true
          ctx.metrics.liveClients(-1)
          clearTimeout(late)
          clearInterval(pulse)
          leave()
        })
      },
    )
  }

  async function admit(data: Buffer): Promise<{ reader: Reader; after: string | undefined } | null> {
    let first: unknown
    try {
      first = JSON.parse(data.toString('utf8').slice(0, 4000))
    } catch {
      return null
    }
    const message = First.safeParse(first)
    if (!message.success) return null
    const reader = await userOf(ctx, message.data.token)
    return reader && { reader, after: message.data.after }
  }
}
