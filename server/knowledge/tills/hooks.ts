import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Ctx } from '../../context.ts'
import { AppError, notFound } from '../../http/errors.ts'
import { openTo } from '../../http/access-policy.ts'
import { createWindows } from '../../http/windows.ts'
import { keepHook, noteCall } from './inbox.ts'
import { findTill } from './known-tills.ts'

const mostBytes = 5 * 1024 * 1024
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Calls without a good signature from one address in a minute; a till with a wrong secret makes some, a stranger many. */
export const mostRefusals = 120

/**
 * `POST /hooks/shopify/<id>`, `/hooks/woocommerce/<id>`: the signature over the raw bytes is the whole door. What passes
 * is written down and answered 200 at once; a worker does the rest (process.ts).
 */
export function registerHooks(app: FastifyInstance, ctx: Ctx): void {
  const refusals = createWindows(60_000)
  void app.register(async (scope) => {
    // The signature is over the bytes, so nobody may read them before.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, done) =>
      done(null, body),
    )
    for (const kind of Object.keys(ctx.tills))
      scope.post<{ Params: { id: string } }>(
        `/hooks/${kind}/:id`,
        { schema: { hide: true }, config: openTo('every post is signed by its till'), bodyLimit: mostBytes },
        (request, reply) => receive(request, reply, kind, request.params.id),
      )
  })

  async function receive(
    request: FastifyRequest,
    reply: FastifyReply,
    kind: string,
    id: string,
  ): Promise<FastifyReply> {
    const now = Date.now()
    const { count, seconds } = refusals.of(request.ip, now)
    if (count >= mostRefusals) {
      void reply.header('retry-after', seconds)
      throw new AppError('rate.limited', 'Too many calls with a wrong signature; try again in a minute.')
    }
    const till = uuid.test(id) ? await findTill(ctx, id.toLowerCase()) : null
    if (!till || till.kind !== kind) {
      refusals.add(request.ip, now)
      throw notFound('till')
    }
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const opened = ctx.tills[till.kind].open(request.headers, body, till.secrets)
    if (opened.kind === 'refused') {
      refusals.add(request.ip, now)
      noteCall(ctx, till.id, 'refused')
      throw new AppError('hook.refused', till.secrets.length === 0 ? 'No secret was given yet.' : opened.why)
    }
    if (opened.kind === 'ping') noteCall(ctx, till.id, 'ping')
    else if (!(await keepHook(ctx, till.id, opened.delivery, body))) throw notFound('till')
    return reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8').send('ok\n')
  }
}
