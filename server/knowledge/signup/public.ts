import type { FastifyReply, FastifyRequest } from 'fastify'
import { consentWords } from '#core/knowledge/signup.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../../context.ts'
import { openTo } from '../../http/access-policy.ts'
import type { Routes } from '../../http/bind.ts'
import { publicPagePolicy } from '../../http/content-policy.ts'
import { readFace, type Face } from '../../public-page.ts'
import { confirmSignup, countSignup } from '../../signup-confirm.ts'
import { customerPreferencesPath, verifyToken } from '../../tokens.ts'
import { embedScript, frameScript } from './embed.ts'
import {
  cannotConfirmPage,
  checkPage,
  closedFormPage,
  confirmedPage,
  confirmPage,
  formPage,
  underAgePage,
  type FormPage,
} from './pages.ts'
import { makeStamp } from './stamp.ts'
import { findForm, submitSignup, vias, type PublicForm } from './submit.ts'
import { currentTexts } from './texts.ts'

interface FormRequest {
  Params: { key: string }
  Querystring: { embed?: string; store?: string; via?: string; page?: string; preview?: string }
}
interface TokenRequest {
  Params: { token: string }
}

const isUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** Who was too young is not asked again from this browser for a day: another date of birth would be a lie. */
const ageCookie = 'lma_under_age'

/** The pages of sign-up: no sign-in, no script needed, nothing of a visitor kept before they agree. */
export const publicSignupRoutes: Routes = (app, ctx) => {
  const schema = { hide: true }
  const openForm = openTo('visitors sign up; limits per connection and address, and nothing is kept before they agree')
  const byToken = openTo('the signed token in the message is the right')

  app.get('/s/embed.js', { schema, config: openForm }, (_request, reply) =>
    // It is loaded by pages of other origins; that is what it is for.
    script(reply.header('cross-origin-resource-policy', 'cross-origin'), embedScript(ctx.config.publicUrl)),
  )
  app.get('/s/frame.js', { schema, config: openForm }, (_request, reply) => script(reply, frameScript))

  app.get<FormRequest>('/s/:key', { schema, config: openForm }, async (request, reply) => {
    const form = await findForm(ctx.pool, request.params.key)
    const { embed, page, preview } = request.query
    const embedded = embed === '1'
    const store = request.query.store && isUuid.test(request.query.store) ? request.query.store : null
    const face = await readFace(ctx.pool, form?.store_id ?? store)
    const frames = await allowFrames(ctx, reply, form)
    const show = (html: string, status = 200): FastifyReply => sendPage(reply.status(status), html, frames)
    if (!form?.is_active) return show(closedFormPage(face, embedded), form ? 410 : 404)
    if (request.cookies[ageCookie]) return show(underAgePage(face, embedded))
    const via = embedded ? 'embed' : (vias.find((v) => v === request.query.via) ?? 'page')
    if (preview !== '1' && request.method === 'GET') await countSignup(ctx.pool, form.id, via, 'shown', ctx.clock())
    return show(
      formPage({
        ...(await frameOf(ctx, form, face, embedded)),
        via,
        page: page ?? '',
        values: store ? { store } : {},
        faults: {},
      }),
    )
  })

  app.post<FormRequest>('/s/:key', { schema, config: openForm, bodyLimit: 8192 }, async (request, reply) => {
    const form = await findForm(ctx.pool, request.params.key)
    const embedded = request.query.embed === '1'
    const posted = textsOf(request.body)
    const face = await readFace(
      ctx.pool,
      form?.store_id ?? (isUuid.test(posted['store'] ?? '') ? posted['store']! : null),
    )
    const frames = await allowFrames(ctx, reply, form)
    const show = (html: string, status = 200): FastifyReply => sendPage(reply.status(status), html, frames)
    if (!form?.is_active) return show(closedFormPage(face, embedded), form ? 410 : 404)
    if (request.cookies[ageCookie]) return show(underAgePage(face, embedded))
    const done = await submitSignup(ctx, form, posted, visitorOf(request))
    if (done.kind === 'under_age') {
      void reply.setCookie(ageCookie, '1', { path: '/s', maxAge: 86_400, httpOnly: true, sameSite: 'lax' })
      return show(underAgePage(face, embedded))
    }
    if (done.kind === 'asked') {
      const asked = form.channels.filter((c) => posted[`consent_${c}`] === 'on')
      return show(checkPage(face, embedded, asked.length > 0 ? asked : form.channels))
    }
    const note =
      done.kind === 'too_many'
        ? 'There were many sign-ups from your connection. Try again in an hour, or ask at the shop.'
        : done.kind === 'again'
          ? done.note
          : undefined
    return show(
      formPage({
        ...(await frameOf(ctx, form, face, embedded)),
        via: vias.find((v) => v === posted['via']) ?? 'page',
        page: posted['page'] ?? '',
        values: posted,
        faults: done.kind === 'faults' ? done.faults : {},
        // What was typed stands there already, so the next press may come at once.
        ...(done.kind === 'faults' && posted['stamp'] ? { stamp: posted['stamp'] } : {}),
        ...(note ? { note } : {}),
      }),
      done.kind === 'too_many' ? 429 : 422,
    )
  })

  // Scanners follow every link: looking never confirms.
  app.get<TokenRequest>('/s/confirm/:token', { schema, config: byToken }, async (request, reply) => {
    const subject = verifyToken(ctx.config.secret, 'signup', request.params.token)
    const { rows } = await ctx.pool.query<{ channel: 'email' | 'sms'; words: string; store_id: string | null }>(
      'select g.channel, g.consent_text as words, g.store_id from signups as g where g.id = $1',
      [subject?.sendId ?? null],
    )
    const found = rows[0]
    const face = await readFace(ctx.pool, found?.store_id ?? null)
    return found
      ? sendPage(reply, confirmPage(face, found.channel, found.words))
      : sendPage(reply.status(404), cannotConfirmPage(face, 'expired'))
  })

  app.post<TokenRequest>('/s/confirm/:token', { schema, config: byToken }, async (request, reply) => {
    const subject = verifyToken(ctx.config.secret, 'signup', request.params.token)
    const { ip, userAgent } = visitorOf(request)
    const done = subject
      ? await withTx(ctx.pool, (tx) => confirmSignup(ctx, tx, subject.sendId, { by: 'link', ip, userAgent }))
      : ({ kind: 'expired' } as const)
    const { rows } = await ctx.pool.query<{ thanks: string; store_id: string | null }>(
      'select f.thanks, g.store_id from signups as g join signup_forms as f on f.id = g.form_id where g.id = $1',
      [subject?.sendId ?? null],
    )
    const face = await readFace(ctx.pool, rows[0]?.store_id ?? null)
    if (done.kind === 'closed' || done.kind === 'expired')
      return sendPage(reply.status(done.kind === 'expired' ? 404 : 409), cannotConfirmPage(face, done.kind))
    const preferences = done.customerId ? customerPreferencesPath(ctx.config.secret, done.customerId) : null
    return sendPage(reply, confirmedPage(face, done.channel, rows[0]?.thanks ?? '', preferences))
  })
}

async function frameOf(
  ctx: Ctx,
  form: PublicForm,
  face: Face,
  embedded: boolean,
): Promise<Pick<FormPage, 'face' | 'form' | 'embedded' | 'stores' | 'words' | 'stamp'>> {
  const [texts, { rows: stores }] = await Promise.all([
    currentTexts(ctx.pool),
    ctx.pool.query<{ id: string; name: string; city: string }>(
      'select s.id, s.name, s.city from stores as s where $1::uuid is null order by s.name limit 200',
      [form.store_id],
    ),
  ])
  return {
    face,
    form,
    embedded,
    stores,
    words: {
      email: consentWords(texts.email.text, face.shop),
      sms: consentWords(texts.sms.text, face.shop),
    },
    stamp: makeStamp(ctx.config.secret, form.key, ctx.clock()),
  }
}

/** Only pages of the shop may show the form in a frame, and the UI for its preview. */
async function allowFrames(ctx: Ctx, reply: FastifyReply, form: PublicForm | null): Promise<string[]> {
  const { rows } = await ctx.pool.query<{ website: string }>(
    `select s.website from stores as s where s.website is not null union select k.value ->> 'website' from settings as k where k.name = 'shop' and k.value ->> 'website' is not null`,
  )
  reply.raw.removeHeader('x-frame-options')
  return ["'self'", ...new Set([...(form?.sites ?? []), ...rows.flatMap(({ website }) => originOf(website))])]
}

function originOf(website: string): string[] {
  try {
    return [new URL(website).origin]
  } catch {
    return []
  }
}

function textsOf(body: unknown): Record<string, string> {
  if (typeof body !== 'object' || body === null) return {}
  return Object.fromEntries(
    Object.entries(body).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v.replaceAll('\u0000', '')]] : [])),
  )
}

function visitorOf(request: FastifyRequest): { ip: string; userAgent: string | null } {
  // A socket for both families writes IPv4 as IPv6; limits and proofs want the address itself.
  return { ip: request.ip.replace(/^::ffff:(?=\d+\.)/i, ''), userAgent: request.headers['user-agent'] ?? null }
}

function script(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('text/javascript; charset=utf-8').header('cache-control', 'public, max-age=3600').send(text)
}

function sendPage(reply: FastifyReply, html: string, frames?: readonly string[]): FastifyReply {
  return reply
    .header('cache-control', 'no-store, max-age=0')
    .header('content-security-policy', publicPagePolicy(html, frames))
    .header('x-robots-tag', 'noindex')
    .type('text/html; charset=utf-8')
    .send(html)
}
