import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { channels } from '#contract/channels.ts'
import type {
  MailgunConfig,
  PostmarkConfig,
  ResendConfig,
  SendgridConfig,
  SesConfig,
  SmtpConfig,
} from '#core/delivery/providers/email.ts'
import { isProviderKind } from '#core/delivery/providers/kinds.ts'
import type { SmsHttpConfig, TwilioConfig } from '#core/delivery/providers/sms.ts'
import { openProvider, readProviders, type StoredProvider } from '../../channel-providers.ts'
import type { Ctx } from '../../context.ts'
import { openTo } from '../../http/access-policy.ts'
import { bind } from '../../http/bind.ts'
import { AppError } from '../../http/errors.ts'
import { mailgunHook, postmarkHook, resendHook, sendgridHook } from './email.ts'
import { refuse, type HookPost, type HookVerdict } from './hook.ts'
import { noteHeard, storeItems } from './inbox.ts'
import { listReplies, markRead } from './replies.ts'
import { smsHttpHook, twilioHook } from './sms.ts'
import { smtpHook } from './smtp.ts'
import { sesHook } from './sns.ts'

/** SendGrid posts up to 768 KB, a bounce may carry the whole message. */
const mostBytes = 5 * 1024 * 1024
const knownMs = 2_000

interface Params {
  Params: { provider: string; id?: string }
}

/** Where providers report: no sign-in, every post proves itself. Answered when it is stored, taken apart later. */
export function registerHooks(root: FastifyInstance, ctx: Ctx): void {
  bind(root, ctx, channels.listReplies, ({ query }) => listReplies(ctx, query))
  bind(root, ctx, channels.readReplies, ({ body }) => markRead(ctx, body.ids))
  void root.register((app, _options, done) => {
    // Signatures are over the bytes, so nothing may be parsed before.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: mostBytes }, (_request, body, next) =>
      next(null, body),
    )
    const find = createFinder(ctx)
    for (const url of ['/hooks/providers/:provider', '/hooks/providers/:provider/:id'])
      app.post<Params>(
        url,
        { schema: { hide: true }, config: openTo('every post is signed by its provider') },
        (request, reply) => take(ctx, find, request, reply),
      )
    done()
  })
}

async function take(
  ctx: Ctx,
  find: Finder,
  request: FastifyRequest<Params>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { provider: kind, id } = request.params
  const candidates = isProviderKind(kind) ? await find(kind, id ?? null) : []
  if (candidates.length === 0)
    throw new AppError('not_found', 'There is no such provider here; copy its webhook address from the settings.')
  const post: HookPost = {
    raw: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    headers: request.headers,
    url: ctx.config.publicUrl + request.url,
    now: ctx.clock(),
  }
  let verdict: HookVerdict = refuse(404, 'nobody')
  for (const { provider, config } of candidates) {
    verdict = await judge(ctx, post, provider, config)
    if (verdict.ok) {
      // Resolves when it is committed: after a 200 nothing is lost.
      await storeItems(ctx, provider, verdict.items)
      return reply
        .status(200)
        .header('cache-control', 'no-store')
        .type(verdict.answer?.type ?? 'text/plain; charset=utf-8')
        .send(verdict.answer?.body ?? '')
    }
  }
  const { status, reason } = verdict as Extract<HookVerdict, { ok: false }>
  const { provider } = candidates[0]!
  if (candidates.length === 1) noteHeard(ctx, provider, reason)
  ctx.log.warn({ provider: provider.key, status, reason }, 'a webhook post was refused')
  return reply.status(status).type('text/plain; charset=utf-8').send(`${reason}\n`)
}

function judge(
  ctx: Ctx,
  post: HookPost,
  provider: StoredProvider,
  config: unknown,
): HookVerdict | Promise<HookVerdict> {
  switch (provider.kind) {
    case 'mailgun':
      return mailgunHook(ctx, post, config as MailgunConfig, provider)
    case 'sendgrid':
      return sendgridHook(ctx, post, config as SendgridConfig, provider)
    case 'postmark':
      return postmarkHook(ctx, post, config as PostmarkConfig, provider)
    case 'ses':
      return sesHook(ctx, post, config as SesConfig, provider)
    case 'resend':
      return resendHook(ctx, post, config as ResendConfig, provider)
    case 'smtp':
      return smtpHook(ctx, post, config as SmtpConfig, provider)
    case 'twilio':
      return twilioHook(ctx, post, config as TwilioConfig, provider)
    case 'sms_http':
      return smsHttpHook(ctx, post, config as SmsHttpConfig, provider)
  }
}

type Finder = (kind: string, id: string | null) => Promise<{ provider: StoredProvider; config: unknown }[]>

/** Providers with their secrets open; read again every two seconds, and at once for one that is not known. */
function createFinder(ctx: Ctx): Finder {
  let known: { provider: StoredProvider; config: unknown }[] = []
  let readAt = 0
  const matching: (kind: string, id: string | null) => typeof known = (kind, id) =>
    known.filter(({ provider: p }) => p.kind === kind && (id === null || p.id === id))
  return async (kind, id) => {
    const age = Date.now() - readAt
    if (age > knownMs || (age > 200 && matching(kind, id).length === 0)) {
      known = (await readProviders(ctx.pool)).flatMap((provider) => {
        if (provider.removed_at) return []
        try {
          return [{ provider, config: openProvider(ctx.config, provider) }]
        } catch {
          return []
        }
      })
      readAt = Date.now()
    }
    return matching(kind, id)
  }
}
