import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Ctx } from '../context.ts'

/** A browser that was not used for so long signs in again. */
export const idleDays = 14

/**
 * Over https the name begins with `__Host-`, which browsers take only with Secure, from this very host, for the whole of
 * it: a neighbour's subdomain or a plain-http page cannot plant one. Plain http on one's own machine has no such cookies.
 */
function cookieOf(ctx: Ctx, request: FastifyRequest) {
  const secure = ctx.config.publicUrl.startsWith('https:') || request.protocol === 'https'
  return { name: secure ? '__Host-lma_refresh' : 'lma_refresh', path: secure ? '/' : '/api/v1/auth', secure }
}

export function readRefreshCookie(ctx: Ctx, request: FastifyRequest): string | undefined {
  return request.cookies[cookieOf(ctx, request).name]
}

export function setRefreshCookie(ctx: Ctx, request: FastifyRequest, reply: FastifyReply, token: string): void {
  const { name, path, secure } = cookieOf(ctx, request)
  void reply
    .header('cache-control', 'no-store')
    .setCookie(name, token, { path, httpOnly: true, sameSite: 'lax', secure, maxAge: idleDays * 86_400 })
}

export function clearRefreshCookie(ctx: Ctx, request: FastifyRequest, reply: FastifyReply): void {
  const { name, path, secure } = cookieOf(ctx, request)
  void reply.clearCookie(name, { path, httpOnly: true, sameSite: 'lax', secure })
}
