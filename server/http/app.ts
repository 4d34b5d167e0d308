import { existsSync, readFileSync } from 'node:fs'
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
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Ctx } from '../context.ts'
import type { Limits } from '../ports/limits.ts'
import { slices } from '../slices.ts'
import { openTo, requirePolicies } from './access-policy.ts'
import { AppError, sendProblem } from './errors.ts'
import { callerOf } from './client-address.ts'
import { isCrossSite } from './cross-site.ts'
import { registerLive } from './live.ts'
import { registerWatching, watchRequests } from './watching.ts'

/** The whole HTTP surface: API, WebSockets, tracking links, documentation and the built UI. */
export async function createApp(ctx: Ctx): Promise<FastifyInstance> {
  const app = fastify({
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
  })
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
    void reply.header('x-request-id', request.id)
    const changes = !['GET', 'HEAD', 'OPTIONS'].includes(request.method)
    if (changes && request.url.startsWith('/api/') && isCrossSite(request))
      return done(new AppError('auth.cross_site', 'This request came from another site and was refused.'))
    done()
  })

  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'", 'ws:', 'wss:'],
        // The mailbox shows messages in sandboxed srcdoc frames.
        frameSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: ctx.config.publicUrl.startsWith('https:'),
    referrerPolicy: { policy: 'no-referrer' },
  })
  await app.register(cookie)
  await app.register(multipart, { limits: { fileSize: 2 * 1024 ** 3, files: 1, fields: 20, fieldSize: 64 * 1024 } })
  await app.register(rateLimit, {
    max: 1200,
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
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
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
  if (existsSync(index)) {
    void app.register(fastifyStatic, {
      root: dist,
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
    if (page && existsSync(index))
      return reply.header('cache-control', 'no-cache').type('text/html').send(readFileSync(index))
    throw new AppError(
      'not_found',
      page
        ? 'The UI is not built yet: run npm run build.'
        : `There is nothing at ${request.method} ${request.url.split('?')[0]}.`,
    )
  })
}
