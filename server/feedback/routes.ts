import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Ctx } from '../context.ts'
import { openTo } from '../http/access-policy.ts'
import type { Routes } from '../http/bind.ts'
import { publicPagePolicy } from '../http/content-policy.ts'
import type { Channel, Proof } from '../opt-out.ts'
import { paces, topics } from '#core/compliance/wishes.ts'
import { readFace } from '../public-page.ts'
import { readSetting } from '../settings.ts'
import { signToken, verifyToken } from '../tokens.ts'
import { readWishes } from '../wishes.ts'
import {
  closedChannels,
  findCustomer,
  findRecipient,
  resubscribe,
  saveWishes,
  unsubscribe,
  type Recipient,
} from './choices.ts'
import { registerHooks } from './hooks/routes.ts'
import { findLink, recordHit } from './hits.ts'
import { confirmPage, donePage, undonePage, unknownLinkPage, type Whom } from './opt-out-pages.ts'
import { pauseWeeks, preferencesPage } from './preference-page.ts'

// The smallest transparent GIF.
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')
const textVersion = 'opt-out-page-2026-11'
/** What a browser or mail program can open; nothing else is ever redirected to. */
const openable = /^(https?|mailto|tel):/i

interface TokenParams {
  Params: { token: string }
}

/** The addresses inside messages: pixel, links, opt-out and preferences. No sign-in; the signed token is the right. */
export const feedbackRoutes: Routes = (root, ctx) => {
  registerHooks(root, ctx)
  void root.register((app, _options, done) => {
    acceptAnyForm(app)
    registerTracking(app, ctx)
    registerUnsubscribe(app, ctx)
    registerPreferences(app, ctx)
    done()
  })
}

const schema = { hide: true }
const config = openTo('customers come here from a message; the token in the address is signed for one purpose')

function registerTracking(app: FastifyInstance, ctx: Ctx): void {
  app.get<TokenParams>('/t/o/:token', { schema, config }, async (request, reply) => {
    const subject = verifyToken(ctx.config.secret, 'open', request.params.token.replace(/\.gif$/, ''))
    if (subject) await count(ctx, request, 'open', subject.sendId, null)
    // A picture in any case: a broken one would show in the message.
    return noStore(reply)
      .status(subject ? 200 : 404)
      .header('cross-origin-resource-policy', 'cross-origin')
      .type('image/gif')
      .send(pixel)
  })

  app.get<TokenParams>('/t/c/:token', { schema, config }, async (request, reply) => {
    const subject = verifyToken(ctx.config.secret, 'click', request.params.token)
    const url = subject?.linkId ? await findLink(ctx, subject.linkId) : null
    if (!subject || !url || !openable.test(url)) return unknownLink(ctx, reply)
    await count(ctx, request, 'click', subject.sendId, subject.linkId)
    return noStore(reply).header('referrer-policy', 'no-referrer').redirect(url, 302)
  })
}

/** A figure must never stand between a customer and where the link leads. */
async function count(
  ctx: Ctx,
  request: FastifyRequest,
  kind: 'open' | 'click',
  sendId: string,
  linkId: string | null,
): Promise<void> {
  try {
    await recordHit(ctx, {
      kind,
      sendId,
      linkId,
      method: request.method,
      userAgent: request.headers['user-agent'] ?? null,
    })
  } catch (err) {
    ctx.log.error({ err: err as Error, send: sendId, kind }, 'hit not recorded')
  }
}

function registerUnsubscribe(app: FastifyInstance, ctx: Ctx): void {
  // Scanners follow every link: looking never unsubscribes (RFC 8058 §3.2).
  app.get<TokenParams>('/u/:token', { schema, config }, async (request, reply) => {
    const who = await recipientOf(ctx, 'unsubscribe', request.params.token)
    return who ? sendPage(reply, confirmPage(await whom(ctx, who))) : unknownLink(ctx, reply)
  })

  app.post<TokenParams>('/u/:token', { schema, config }, async (request, reply) => {
    const who = await recipientOf(ctx, 'unsubscribe', request.params.token)
    if (!who) return unknownLink(ctx, reply)
    const form = await readForm(request)
    const to = await whom(ctx, who)
    if (form['action'] === 'undo')
      return sendPage(reply, undonePage(to, await resubscribe(ctx, who, who.channel, proofOf(request, 'undo'))))
    // Whatever else a mail program posts here means "stop": to the one-click body belongs no page and no redirect.
    const byButton = form['action'] === 'unsubscribe'
    await unsubscribe(ctx, who, who.channel, proofOf(request, byButton ? 'unsubscribe_page' : 'one_click'))
    if (!byButton) return noStore(reply).type('text/plain; charset=utf-8').send('You are unsubscribed.\n')
    return sendPage(reply, donePage(to, preferencesPath(ctx, who)))
  })
}

function registerPreferences(app: FastifyInstance, ctx: Ctx): void {
  app.get<TokenParams>('/p/:token', { schema, config }, async (request, reply) => {
    const who = await recipientOf(ctx, 'preferences', request.params.token)
    return who ? showChoices(ctx, reply, who, false) : unknownLink(ctx, reply)
  })

  app.post<TokenParams>('/p/:token', { schema, config }, async (request, reply) => {
    const who = await recipientOf(ctx, 'preferences', request.params.token)
    if (!who) return unknownLink(ctx, reply)
    const form = await readForm(request)
    const closed = await closedChannels(ctx, who)
    const proof = proofOf(request, 'preferences_page')
    const isKnown = form['action'] === 'save' || form['action'] === 'none'
    for (const channel of ['email', 'sms'] as const) {
      if (!isKnown || closed.get(channel)?.good || !addressOf(who, channel)) continue
      const wanted = form['action'] === 'save' && form[channel] === 'on'
      if (wanted === isOn(who, channel, closed)) continue
      if (wanted) await resubscribe(ctx, who, channel, proof)
      else await unsubscribe(ctx, who, channel, proof)
    }
    // A page from before there was more to choose posts no pace, and changes nothing of it.
    if (form['action'] === 'save' && who.customer_id && 'pace' in form) await keepWishes(ctx, who.customer_id, form)
    const now = await recipientOf(ctx, 'preferences', request.params.token)
    return showChoices(ctx, reply, now ?? who, true)
  })
}

async function keepWishes(ctx: Ctx, customerId: string, form: Readonly<Record<string, unknown>>): Promise<void> {
  const before = (await readWishes(ctx.pool, [customerId])).get(customerId)
  const weeks = pauseWeeks.find((n) => String(n) === form['pause'])
  await saveWishes(ctx, customerId, {
    topicsOff: topics.filter((topic) => form[`topic_${topic}`] !== 'on'),
    everyDays: paces.find((n) => String(n) === form['pace']) ?? null,
    pausedUntil:
      form['pause'] === 'keep'
        ? (before?.paused_until ?? null)
        : weeks
          ? new Date(ctx.clock().getTime() + weeks * 7 * 86_400_000)
          : null,
  })
}

async function showChoices(ctx: Ctx, reply: FastifyReply, who: Recipient, saved: boolean): Promise<FastifyReply> {
  const [shop, face, closed, wishes] = await Promise.all([
    readSetting(ctx.pool, 'shop'),
    readFace(ctx.pool),
    closedChannels(ctx, who),
    who.customer_id ? readWishes(ctx.pool, [who.customer_id]) : null,
  ])
  const choice = (channel: Channel) => {
    const address = addressOf(who, channel)
    return address ? { address, on: isOn(who, channel, closed), closed: closed.get(channel)?.good ?? false } : null
  }
  const chosen = wishes?.get(who.customer_id ?? '')
  const until = chosen?.paused_until && chosen.paused_until > ctx.clock() ? chosen.paused_until : null
  return sendPage(
    reply,
    preferencesPage({
      face,
      saved,
      email: choice('email'),
      sms: choice('sms'),
      wishes: who.customer_id
        ? {
            topicsOff: chosen?.topics_off ?? [],
            everyDays: chosen?.every_days ?? null,
            pausedUntil: until?.toLocaleDateString('en-US', { dateStyle: 'long', timeZone: shop.time_zone }) ?? null,
          }
        : null,
    }),
  )
}

// No row any more: an erased customer has nothing to choose, but the opt-out of the address still works.
const addressOf = (who: Recipient, channel: Channel): string | null =>
  (channel === 'email' ? who.email : who.phone) ?? (who.channel === channel ? who.recipient : null)

// On the channel whose message brought the customer here, what is not refused is on: it did come that way.
function isOn(who: Recipient, channel: Channel, closed: ReadonlyMap<Channel, unknown>): boolean {
  const consent = channel === 'email' ? who.email_consent : who.sms_consent
  const cameByIt = who.send_id !== null && channel === who.channel
  return !closed.has(channel) && (consent === 'granted' || (cameByIt && consent !== 'denied'))
}

async function recipientOf(ctx: Ctx, purpose: 'unsubscribe' | 'preferences', token: string): Promise<Recipient | null> {
  const subject = verifyToken(ctx.config.secret, purpose, token)
  if (subject) return findRecipient(ctx.pool, subject.sendId)
  const own = purpose === 'preferences' ? verifyToken(ctx.config.secret, 'customer', token) : null
  return own ? findCustomer(ctx.pool, own.sendId) : null
}

// The link to unsubscribe stands in a message, so there is a send.
function preferencesPath(ctx: Ctx, who: Recipient): string {
  return `/p/${signToken(ctx.config.secret, 'preferences', who.send_id ?? '')}`
}

async function whom(ctx: Ctx, who: Recipient): Promise<Whom> {
  return { face: await readFace(ctx.pool), channel: who.channel, address: who.recipient }
}

function proofOf(request: FastifyRequest, source: string): Proof {
  return { source, textVersion, ip: request.ip, userAgent: request.headers['user-agent'] ?? null }
}

async function unknownLink(ctx: Ctx, reply: FastifyReply): Promise<FastifyReply> {
  return sendPage(reply.status(404), unknownLinkPage(await readFace(ctx.pool)))
}

function sendPage(reply: FastifyReply, html: string): FastifyReply {
  return noStore(reply)
    .header('x-robots-tag', 'noindex')
    .header('content-security-policy', publicPagePolicy(html))
    .type('text/html; charset=utf-8')
    .send(html)
}

function noStore(reply: FastifyReply): FastifyReply {
  return reply.header('cache-control', 'no-store, max-age=0').header('pragma', 'no-cache')
}

/** Mail programs post urlencoded, multipart, or nothing at all, under any media type; none of it may be refused. */
function acceptAnyForm(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: 4096 }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  )
}

async function readForm(request: FastifyRequest): Promise<Record<string, unknown>> {
  if (!request.isMultipart()) return (request.body ?? {}) as Record<string, unknown>
  const form: Record<string, unknown> = {}
  for await (const part of request.parts({ limits: { fields: 20, fieldSize: 1000, files: 0, parts: 20 } })) {
    if (part.type === 'field') form[part.fieldname] = part.value
  }
  return form
}
