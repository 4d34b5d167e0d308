import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError } from './errors.ts'

export interface Answered {
  status: number
  body: unknown
}

interface Known {
  request_hash: Buffer
  status: number | null
  response: unknown
}

/** Longer than any request may take: a key held longer belongs to a process that died. */
const abandonedAfter = '3 minutes'

/**
 * Runs a creating request once per Idempotency-Key and caller: the same key with the same request gets the stored answer
 * again for 24 hours. Throws `idempotency.mismatch` when the key came with another request, `conflict` while the first
 * one still runs. A request that failed has no effect and may be tried again under its key.
 */
export async function onceOnly(
  ctx: Ctx,
  actor: Actor,
  request: FastifyRequest,
  reply: FastifyReply,
  run: () => Promise<Answered>,
): Promise<Answered> {
  const given = request.headers['idempotency-key']
  if (given === undefined || request.method !== 'POST' || actor.id === null) return run()
  if (typeof given !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(given))
    throw new InputError([
      { path: 'headers.idempotency-key', message: 'Use up to 200 letters, digits and signs, such as a UUID.' },
    ])
  const key = `${actor.kind}:${actor.id}:${given}`
  // Of an upload only the size is known before it is read.
  const content = request.isMultipart()
    ? `upload ${request.headers['content-length'] ?? ''}`
    : JSON.stringify(request.body ?? null)
  const hash = createHash('sha256').update(`${request.url}\n${content}`).digest()
  const { rowCount: isOurs } = await ctx.pool.query(
    `insert into idempotency_keys as k (key, actor, request_hash) values ($1, $2, $3)
     on conflict (key) do update set request_hash = excluded.request_hash, status = null, response = null, created_at = now()
     where k.created_at < now() - interval '24 hours' or (k.status is null and k.created_at < now() - interval '${abandonedAfter}')`,
    [key, actor.id, hash],
  )
  if (isOurs) return runAndKeep(ctx, key, run)
  const { rows } = await ctx.pool.query<Known>(
    'select request_hash, status, response from idempotency_keys where key = $1',
    [key],
  )
  const known = rows[0]
  if (known && !hash.equals(known.request_hash))
    throw new AppError('idempotency.mismatch', 'This Idempotency-Key was used for another request. Take a new key.')
  if (!known || known.status === null)
    throw new AppError('conflict', 'The request with this Idempotency-Key is still running. Ask again in a moment.')
  void reply.header('idempotency-replayed', 'true')
  return { status: known.status, body: known.response }
}

async function runAndKeep(ctx: Ctx, key: string, run: () => Promise<Answered>): Promise<Answered> {
  try {
    const answered = await run()
    await ctx.pool.query('update idempotency_keys set status = $2, response = $3 where key = $1', [
      key,
      answered.status,
      JSON.stringify(answered.body),
    ])
    return answered
  } catch (error) {
    await ctx.pool.query('delete from idempotency_keys where key = $1', [key]).catch(() => undefined)
    throw error
  }
}
