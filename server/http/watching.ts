import { timingSafeEqual } from 'node:crypto'
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import type { Ctx } from '../context.ts'
import { watchBacklog } from '../telemetry/gauges.ts'
import { conditionsOf } from '../telemetry/health.ts'
import type { OpenSpan } from '../telemetry/tracing.ts'
import { openTo } from './access-policy.ts'
import { AppError, sendProblem } from './errors.ts'

const spans = new WeakMap<FastifyRequest, OpenSpan>()

/** Rate, errors and duration of each route, and a span for each request when traces are on. */
export function watchRequests(app: FastifyInstance, ctx: Ctx): void {
  if (ctx.tracer.isOn)
    app.addHook('onRequest', (request, _reply, done) => {
      const { traceparent } = request.headers
      const span = ctx.tracer.begin(`${request.method} ${routeOf(request)}`, {
        kind: 'server',
        attributes: { 'http.request.method': request.method, 'http.route': routeOf(request), 'request.id': request.id },
        traceparent: typeof traceparent === 'string' ? traceparent : undefined,
      })
      spans.set(request, span)
      span.within(done)
    })
  app.addHook('onResponse', (request, reply, done) => {
    const status = reply.statusCode
    ctx.metrics.request({ method: request.method, route: routeOf(request), status }, reply.elapsedTime / 1000)
    const span = spans.get(request)
    span?.set({ 'http.response.status_code': status })
    if (status >= 500) span?.fail(new Error('5xx'))
    span?.end()
    done()
  })
}

// The pattern, never the address: addresses are without end and carry ids.
const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'none'

const states = new WeakMap<Ctx, { isLeaving: boolean }>()

/** From now on the load balancer is told to send nobody here any more. */
export function leaveService(ctx: Ctx): void {
  states.set(ctx, { isLeaving: true })
}

/** `/health`, `/health/live`, `/health/ready` and `/metrics`: no personal data in them, and no rate limit. */
export function registerWatching(app: FastifyInstance, ctx: Ctx): void {
  const started = Date.now()
  const refresh = watchBacklog(ctx)
  const hidden = { schema: { hide: true }, config: openTo('load balancers ask; holds no data of anybody') }
  // Alive means that the event loop turns: whoever restarts a process because the database is away makes it worse.
  app.get('/health/live', hidden, () => ({
    status: 'ok',
    version: ctx.config.version,
    uptime_s: Math.round((Date.now() - started) / 1000),
  }))
  for (const url of ['/health', '/health/ready'])
    app.get(url, hidden, async (_request, reply) => {
      const conditions = await conditionsOf(ctx)
      const isLeaving = states.get(ctx)?.isLeaving ?? false
      const ok = !isLeaving && conditions.every((c) => c.ok || !c.isNeeded)
      return reply
        .status(ok ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({
          status: isLeaving ? 'leaving' : ok ? 'ok' : 'unavailable',
          version: ctx.config.version,
          checks: Object.fromEntries(conditions.map((c) => [c.name, { ok: c.ok, detail: c.detail }])),
        })
    })
  app.get(
    '/metrics',
    { ...hidden, config: openTo('asks for METRICS_TOKEN, or answers this machine only') },
    async (request, reply) => {
      requireScraper(ctx, request)
      await refresh()
      return reply
        .type(ctx.metrics.registry.contentType)
        .header('cache-control', 'no-store')
        .serializer((text: string) => text)
        .send(await ctx.metrics.registry.metrics())
    },
  )
}

function requireScraper(ctx: Ctx, request: FastifyRequest): void {
  const { token } = ctx.config.metrics
  if (token !== null) {
    const given = Buffer.from(request.headers.authorization?.replace(/^Bearer /, '') ?? '')
    const wanted = Buffer.from(token)
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) return
    throw new AppError('auth.required', 'Metrics ask for the bearer token METRICS_TOKEN.')
  }
  // Behind a reverse proxy on this machine everybody comes from the loopback: what was forwarded counts as foreign.
  const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip'].some((name) => request.headers[name] !== undefined)
  const address = request.socket.remoteAddress ?? ''
  if (!isForwarded && /^(127\.|::1$|::ffff:127\.)/.test(address)) return
  throw new AppError(
    'auth.forbidden',
    'Metrics are told to this machine only. Set METRICS_TOKEN and send it as bearer token to read them from elsewhere.',
  )
}

/** Only health and metrics, for METRICS_PORT. */
export function createWatchApp(ctx: Ctx): FastifyInstance {
  const app = fastify({
    loggerInstance: ctx.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  })
  app.setErrorHandler(sendProblem)
  registerWatching(app, ctx)
  return app
}
