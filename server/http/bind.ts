import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema, onSendHookHandler } from 'fastify'
import { z } from 'zod'
import type { Answer, Received, RouteShape } from '#contract/http.ts'
import { actAs } from '#db/acting.ts'
import { withStatementLimit } from '#db/statement-limit.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import type { Policy } from './access-policy.ts'
import { requireAccess } from './auth.ts'
import { inputError } from './errors.ts'
import { isShared } from '../joined-reads.ts'
import { onceOnly, type Answered } from './idempotency.ts'

export interface Request<R extends RouteShape> extends Received<R> {
  actor: Actor
  request: FastifyRequest
  reply: FastifyReply
}

declare module 'fastify' {
  interface FastifyRequest {
    /** who calls; set on contract routes before anything of the request is read */
    actor: Actor
  }
}

/** A slice's routes: called once with the app and the context. */
export type Routes = (app: FastifyInstance, ctx: Ctx) => void

/**
 * Answers a contract route: permission first, then parsing, then the handler, then the reply schema. A reply that
 * does not fit its schema is our fault and a 500, never a silent leak of extra fields.
 */
export function bind<R extends RouteShape>(
  app: FastifyInstance,
  ctx: Ctx,
  route: R,
  handler: (request: Request<R>) => Promise<Answer<R>> | Answer<R>,
): void {
  app.route({
    method: route.method,
    url: route.path,
    ...(route.bodyLimit ? { bodyLimit: route.bodyLimit } : {}),
    schema: documentation(route),
    config: { policy: policyOf(route) },
    // Parsing is done below with the zod schema itself; the JSON schema is for the documentation.
    validatorCompiler: () => () => true,
    serializerCompiler: () => textOf,
    ...(route.file ? { onSend: savedOnly } : {}),
    // Before the body is read: who may not call must not make us parse a megabyte first.
    preParsing: async (request, reply, payload) => {
      request.actor = await requireAccess(ctx, request, reply, route)
      return payload
    },
    handler: async (request, reply) => {
      const { actor } = request
      const received = {
        params: read('params', route.params, request.params),
        query: read('query', route.query, request.query),
        body: route.upload ? undefined : read('body', route.body, request.body),
      } as Received<R>
      const run = async (): Promise<Answered> => {
        const act = (): unknown => actAs(actor, () => handler({ ...received, actor, request, reply }))
        const answer: unknown = await (route.largeWork ? withStatementLimit(longestMs(ctx), act) : act())
        return {
          status: route.status ?? (route.reply ? 200 : 204),
          body: route.reply ? checked(route.reply, answer) : null,
        }
      }
      const { status, body } = await (route.showsSecret ? run() : onceOnly(ctx, actor, request, reply, run))
      if (reply.sent || route.file) return reply
      void reply.status(status)
      return body
    },
  })
}

// A file holds words of strangers: it is saved, never shown on our origin, and whoever opens it here all the same gets no
// script, frame or picture of it to run.
const savedOnly: onSendHookHandler = (_request, reply, payload, done) => {
  if (reply.statusCode < 300) {
    void reply.header('content-security-policy', "default-src 'none'; sandbox")
    if (!/^attachment\b/.test(String(reply.getHeader('content-disposition'))))
      void reply.header('content-disposition', 'attachment')
  }
  done(null, payload)
}

/** Minutes for what is asked for seldom and touches much, unless the shop sets no limit at all. */
function longestMs({ config }: Ctx): number {
  return config.statementMs === 0 ? 0 : Math.max(config.statementMs, 600_000)
}

const checkedAnswers = new WeakMap<object, { schema: z.ZodType; body: object }>()
const texts = new WeakMap<object, string>()

/** The answer as its schema lets it out. What many wait for together is one object, and is checked and written once. */
function checked(schema: z.ZodType, answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !isShared(answer)) return schema.parse(answer)
  const known = checkedAnswers.get(answer)
  if (known?.schema === schema) return known.body
  const body = schema.parse(answer) as object
  checkedAnswers.set(answer, { schema, body })
  texts.set(body, JSON.stringify(body))
  return body
}

const textOf = (body: unknown): string =>
  (typeof body === 'object' && body !== null ? texts.get(body) : undefined) ?? JSON.stringify(body)

function policyOf({ access, scope, openBecause }: RouteShape): Policy {
  return { access, ...(scope ? { scope } : {}), ...(openBecause ? { openBecause } : {}) }
}

function read(part: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (!schema) return undefined
  const parsed = schema.safeParse(value ?? {})
  if (!parsed.success) throw inputError(part, parsed.error)
  return parsed.data
}

const idempotencyHeader = {
  type: 'object',
  properties: {
    'idempotency-key': {
      type: 'string',
      maxLength: 200,
      description:
        'Makes a retry safe: for 24 hours the same key with the same request gets the first answer again (Idempotency-Replayed: true); with another request 422, while the first still runs 409.',
    },
  },
}

function describe(route: RouteShape): { description?: string } {
  const scope = route.scope ? `Open to API keys with the scope \`${route.scope}\`.` : ''
  const text = [route.description, scope].filter(Boolean).join('\n\n')
  return text ? { description: text } : {}
}

function documentation(route: RouteShape): FastifySchema {
  const json = (schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> => {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
    return rest
  }
  const problem = {
    description: 'Problem details (RFC 9457)',
    content: { 'application/problem+json': { schema: { type: 'object' } } },
  }
  return {
    tags: [route.tag],
    summary: route.summary,
    ...describe(route),
    ...(route.access === 'public' ? {} : { security: [{ bearer: [] }] }),
    ...(route.method === 'POST' && route.access !== 'public' && !route.showsSecret
      ? { headers: idempotencyHeader }
      : {}),
    ...(route.params ? { params: json(route.params, 'input') } : {}),
    ...(route.query ? { querystring: json(route.query, 'input') } : {}),
    ...(route.upload ? { consumes: ['multipart/form-data'] } : {}),
    ...(route.body && !route.upload ? { body: json(route.body, 'input') } : {}),
    response: {
      [route.status ?? (route.reply || route.file ? 200 : 204)]: route.reply
        ? { description: route.summary, ...json(route.reply, 'output') }
        : route.file
          ? { description: 'A file', content: { [route.file]: { schema: { type: 'string' } } } }
          : { type: 'null', description: 'Done' },
      default: problem,
    },
  }
}
