import { lookup } from 'node:dns'
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { hookAddressFault } from '../outbound-address.ts'
import type { HookAnswer, HookPost, HookPoster } from '../ports/hook-poster.ts'
import { ForbiddenAddress, guardedLookup, type Resolve } from './net.ts'

/**
 * Posts over pooled connections. A name is resolved by our own look-up, and the connection goes to the very address that
 * was judged: between a check and a connect of its own a name could come to mean another machine (DNS rebinding).
 */
export function createHookPoster({ resolve = lookup }: { resolve?: Resolve } = {}): HookPoster {
  const options = { keepAlive: true, maxSockets: 16, maxFreeSockets: 4, timeout: 30_000 }
  // Connections to a private address are never handed to who may not go there.
  const agents = {
    open: { http: new HttpAgent(options), https: new HttpsAgent(options) },
    guarded: { http: new HttpAgent(options), https: new HttpsAgent(options) },
  }
  return {
    post: (post) => send(post, agents[post.allowPrivate ? 'open' : 'guarded'], resolve),
    close() {
      for (const { http, https } of Object.values(agents)) {
        http.destroy()
        https.destroy()
      }
    },
  }
}

function send(post: HookPost, agents: { http: HttpAgent; https: HttpsAgent }, resolve: Resolve): Promise<HookAnswer> {
  // An address given as numbers is never looked up, so it is judged here; the others while they are resolved.
  const fault = hookAddressFault(post.url, post)
  if (fault) return Promise.resolve({ kind: 'forbidden', detail: fault })
  const url = new URL(post.url)
  const began = Date.now()
  const isHttps = url.protocol === 'https:'
  return new Promise((done) => {
    const body = Buffer.from(post.body)
    const request: ClientRequest = (isHttps ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: isHttps ? agents.https : agents.http,
      lookup: guardedLookup(resolve, post),
      headers: { ...post.headers, 'content-length': body.length },
      signal: AbortSignal.timeout(post.timeoutMs),
    })
    request.on('response', (response) => {
      // What they answer is theirs: only the status counts, and a long answer is not read to its end.
      response.resume()
      const answered: HookAnswer = {
        kind: 'answered',
        status: response.statusCode ?? 0,
        retryAfterMs: retryAfterOf(response),
        ms: Date.now() - began,
      }
      let size = 0
      response.on('data', (chunk: Buffer) => void ((size += chunk.length) > 64 * 1024 && response.destroy()))
      response.on('error', () => undefined)
      done(answered)
    })
    request.on('error', (error: NodeJS.ErrnoException) =>
      done(
        error instanceof ForbiddenAddress
          ? { kind: 'forbidden', detail: error.message }
          : { kind: 'failed', detail: explain(error, post.timeoutMs), ms: Date.now() - began },
      ),
    )
    request.end(body)
  })
}

function retryAfterOf(response: IncomingMessage): number | null {
  const given = response.headers['retry-after']
  if (given === undefined) return null
  if (/^\d{1,7}$/.test(given)) return Number(given) * 1000
  const at = Date.parse(given)
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now())
}

const words: Record<string, string> = {
  ENOTFOUND: 'The name of the address is not known.',
  EAI_AGAIN: 'The name of the address could not be looked up.',
  ECONNREFUSED: 'Nobody listens at the address.',
  ECONNRESET: 'The connection was cut.',
  EHOSTUNREACH: 'The machine cannot be reached.',
  ENETUNREACH: 'The network cannot be reached.',
  CERT_HAS_EXPIRED: 'Its certificate has expired.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate is signed by nobody.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name.',
}

function explain(error: NodeJS.ErrnoException, timeoutMs: number): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError')
    return `No answer within ${Math.round(timeoutMs / 1000)} seconds.`
  return words[error.code ?? ''] ?? `The connection failed (${error.code ?? error.name}).`
}
