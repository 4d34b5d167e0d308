import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Server as HttpsServer } from 'node:https'
import path from 'node:path'
import { callbackify } from 'node:util'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import multipart from '@fastify/multipart'
import rateLimit, { type RateLimitPluginOptions } from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import websocket from '@fastify/websocket'
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type onRequestHookHandler,
  type FastifyReply,
} from 'fastify'
import { mostOfAddress } from '#contract/quota.ts'
import { withStatementLimit } from '#db/statement-limit.ts'
import type { Ctx } from '../context.ts'
import type { Limits } from '../ports/limits.ts'
import { slices } from '../slices.ts'
import { openTo, requirePolicies } from './access-policy.ts'
import { strictPolicy, uiPolicy } from './content-policy.ts'
import { AppError, sendProblem } from './errors.ts'
import { callerOf } from './client-address.ts'
import { isCrossSite } from './cross-site.ts'
import { registerLive } from './live.ts'
import { followCertificate, readCertificate } from './tls.ts'
import { registerWatching, watchRequests } from './watching.ts'

/** The whole HTTP surface: API, WebSockets, tracking links, documentation and the built UI. */
export async function createApp(ctx: Ctx): Promise<FastifyInstance> {
  const { tls } = ctx.config
  // The types of Fastify know two applications; for routes and hooks there is one.
  const app = fastify({
    ...(tls ? { https: readCertificate(tls) } : {}),
    // Requests are logged below by route pattern: an address with an id or a token in it stays out of the log.
    loggerInstance: ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: ctx.config.trustProxy > 0 ? (_address: string, hop: number) => hop < ctx.config.trustProxy : false,
    bodyLimit: 1024 * 1024,
    requestTimeout: 120_000,
    connectionTimeout: 0,
    keepAliveTimeout: 72_000,
    forceCloseConnections: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
  }) as FastifyInstance
  if (tls) {
    const stop = followCertificate(app.server as HttpsServer, tls, ctx.log)
    app.addHook('onClose', (_app, done) => {
      stop()
      done()
    })
  }
  app.setErrorHandler(sendProblem)
  requirePolicies(app)
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  watchRequests(app, ctx)
  app.addHook('onResponse', (request, reply, done) => {
    const level = reply.statusCode >= 500 ? 'error' : 'debug'
    request.log[level](
      {
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        id: request.id,
      },
      'request',
    )
    done()
  })
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id).header('content-security-policy', strictPolicy)
    const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method)
    if (changes && request.url.startsWith('/api/') && isCrossSite(request))
      return done(new AppError('auth.cross_site', 'This request came from another site and was refused.'))
    done()
  })

  // Twice: what happens while a body is read belongs to the socket, not to the request.
  const limited: onRequestHookHandler = (_request, _reply, done) => withStatementLimit(ctx.config.statementMs, done)
  app.addHook('onRequest', limited)
  app.addHook('preHandler', limited)

  await app.register(helmet, {
    // Below, in our own words: pages of several kinds need other ones.
    contentSecurityPolicy: false,
    strictTransportSecurity: ctx.config.publicUrl.startsWith('https:'),
    referrerPolicy: { policy: 'no-referrer' },
  })
  await app.register(cookie)
  await app.register(multipart, { limits: { fileSize: 2 * 1024 ** 3, files: 1, fields: 20, fieldSize: 64 * 1024 } })
  await app.register(rateLimit, {
    max: mostOfAddress,
    timeWindow: '1 minute',
    // The UI's own files and the links in customers' mails are not the API.
    allowList: (request) => !request.url.startsWith('/api/'),
    keyGenerator: (request) =>
      request.url.startsWith('/api/v1/auth/') ? `auth:${callerOf(request.ip)}` : `api:${callerOf(request.ip)}`,
    store: sharedStore(ctx.limits),
    skipOnError: true,
    errorResponseBuilder: (_request, context) =>
      new AppError('rate.limited', `Too many requests; try again in ${context.after}.`),
  })
  await app.register(websocket, { options: { maxPayload: 16 * 1024 } })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Liquor Agent API',
        version: ctx.config.version,
        description:
          'Customers, weekly plans, sends and what they earned. Additive within v1; errors are RFC 9457 problem details.',
      },
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: 'An access token of a user, or an API key (lma_...) with the scope of the route.',
          },
        },
      },
    },
  })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // Nothing of other hosts, http where the shop has only that, and the one style that its bundle makes.
    transformStaticCSP: (policy) =>
      policy
        .replace(/ (https:|validator\.swagger\.io)|upgrade-insecure-requests;/g, '')
        .replace("style-src 'self'", "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"),
    uiConfig: { validatorUrl: null },
  })
  app.get('/openapi.json', { schema: { hide: true }, config: openTo('documentation of the API, holds no data') }, () =>
    app.swagger(),
  )
  registerWatching(app, ctx)

  // JSON is the only language of the API: what a foreign form can post without asking first is not read.
  app.removeContentTypeParser('text/plain')
  // Forms of mail clients (RFC 8058) arrive urlencoded; only the opt-out pages read them.
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4096 },
    (_request, body, done) => {
      done(null, Object.fromEntries(new URLSearchParams(String(body))))
    },
  )
  registerLive(app, ctx)
  for (const register of slices) register(app, ctx)
  serveUi(app, path.join(ctx.config.root, 'web/dist'))
  return app
}

/** The counter of @fastify/rate-limit, over all processes. */
function sharedStore(limits: Limits): NonNullable<RateLimitPluginOptions['store']> {
  const add = callbackify(async (key: string, windowMs: number) => {
    const { count, ttlMs } = await limits.add(key, windowMs)
    return { current: count, ttl: ttlMs }
  })
  return class SharedStore {
    incr(
      key: string,
      done: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs = 60_000,
    ): void {
      add(key, windowMs, done)
    }
    child(): SharedStore {
      return this
    }
  }
}

function serveUi(app: FastifyInstance, dist: string): void {
  const index = path.join(dist, 'index.html')
  const isBuilt = existsSync(index)
  const sendUi = (reply: FastifyReply): FastifyReply => {
    const nonce = randomBytes(18).toString('base64')
    return reply
      .header('cache-control', 'no-cache')
      .header('content-security-policy', uiPolicy(nonce))
      .type('text/html; charset=utf-8')
      .send(readFileSync(index, 'utf8').replaceAll('__CSP_NONCE__', nonce))
  }
  if (isBuilt) {
    for (const url of ['/', '/index.html'])
      app.get(url, { schema: { hide: true }, config: openTo('the page of the UI, holds no data') }, (_request, reply) =>
        sendUi(reply),
      )
    void app.register(fastifyStatic, {
      root: dist,
      index: false,
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply, file: string) => {
        reply.header(
          'cache-control',
          file.includes(`${path.sep}assets${path.sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache',
        )
      },
    })
  }
  app.setNotFoundHandler((request, reply) => {
    const page =
      request.method === 'GET' &&
      !/^\/(api|ws|t|docs|health|metrics)\b/.test(request.url) &&
      String(request.headers.accept ?? '').includes('text/html')
    if (page && isBuilt) return sendUi(reply)
    throw new AppError(
      'not_found',
      page
        ? 'The UI is not built yet: run npm run build.'
        : `There is nothing at ${request.method} ${request.url.split('?')[0]}.`,
    )
  })
}
