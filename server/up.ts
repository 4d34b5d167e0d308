import type { AddressInfo } from 'node:net'
import { constants, getPriority, setPriority } from 'node:os'
import { loadDemo } from './demo/load.ts'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { checkServer, StartupError } from '#db/startup.ts'
import { readConfig, type Config } from './config.ts'
import { closeContext, createContext, type Ctx } from './context.ts'
import { seedTemplates } from './delivery/templates.ts'
import { redoErasures } from './erasure-ledger.ts'
import { createApp } from './http/app.ts'
import { createRedirects } from './http/tls.ts'
import { createWatchApp, leaveService } from './http/watching.ts'
import { createLog } from './log.ts'
import { createPresence } from './telemetry/processes.ts'
import { runWorker } from './worker.ts'

export interface Database {
  url: string
  /** past a pooler */
  directUrl: string
  /** another process of ours runs on it and will stop it */
  joined: boolean
  stop(): Promise<void>
}

/** The configured PostgreSQL, or the embedded one under the data folder (started, or joined when it runs already). */
export async function openDatabase(config: Config, leaving?: AbortSignal): Promise<Database> {
  if (config.databaseUrl) {
    await checkServer(config.directUrl ?? config.databaseUrl)
    return {
      url: config.databaseUrl,
      directUrl: config.directUrl ?? config.databaseUrl,
      joined: false,
      stop: async () => undefined,
    }
  }
  const embedded = await startEmbedded({
    dataDir: config.dataDir,
    log: createLog(config.logLevel),
    ...(leaving ? { leaving } : {}),
  })
  return { url: embedded.url, directUrl: embedded.url, joined: embedded.joined, stop: () => embedded.stop() }
}

/** A person reads this terminal: what runs as it should stays silent unless the log was asked for. */
export const quietly = (): Partial<Config> => (process.env['LOG_LEVEL'] ? {} : { logLevel: 'warn' })

/** Opens database and context, brings the schema up to date, runs, and closes everything again. */
export async function withContext<T>(
  run: (ctx: Ctx) => Promise<T>,
  overrides = quietly(),
  leaving?: AbortSignal,
): Promise<T> {
  const config = { ...readConfig(), ...overrides }
  const database = await openDatabase(config, leaving)
  try {
    await migrate(database.directUrl)
    const ctx = createContext(config, database.url)
    try {
      return await run(ctx)
    } finally {
      await closeContext(ctx)
    }
  } finally {
    await database.stop()
  }
}

export interface Roles {
  api: boolean
  worker: boolean
}

/**
 * Serves until the signal, then closes in order: no new requests, work in flight finished, database last.
 * `ready` is told the address. Throws StartupError with one sentence when something is in the way.
 */
export async function serve(
  roles: Roles,
  signal: AbortSignal,
  ready: (address: string, ctx: Ctx) => Promise<void> | void,
  overrides: Partial<Config> = {},
): Promise<void> {
  await withContext(
    async (ctx) => {
      if (ctx.config.demo === 'auto' && roles.api && roles.worker) await loadDemo(ctx)
      await seedTemplates(ctx)
      // The database may be from before: nobody who was erased since is shown or written to.
      await redoErasures(ctx)
      const app = roles.api ? await createApp(ctx) : null
      if (app) await listen(app, ctx.config)
      const watched = ctx.config.metrics.port === null ? null : createWatchApp(ctx)
      if (watched) await listen(watched, { host: ctx.config.host, port: ctx.config.metrics.port! }, 'METRICS_PORT')
      const redirects = app && ctx.config.redirectPort !== null ? await listenForBrowsers(ctx.config) : null
      ctx.metrics.watchProcess()
      if (roles.worker && !roles.api) standBack(ctx)
      const presence = createPresence(
        ctx,
        Object.keys(roles).filter((r) => roles[r as keyof Roles]),
      )
      const present = presence.run(signal)
      signal.addEventListener('abort', () => leaveService(ctx), { once: true })
      const port = app ? (app.server.address() as AddressInfo).port : null
      const working = roles.worker ? runWorker(ctx, signal, presence.id) : untilAborted(signal)
      await ready(port ? `${ctx.config.tls ? 'https' : 'http'}://localhost:${port}` : 'worker', ctx)
      await working
      redirects?.close()
      await app?.close()
      await watched?.close()
      await present
    },
    overrides,
    signal,
  )
}

// Where one machine carries all of it, people are served first: a message may wait a moment, a page may not.
function standBack(ctx: Ctx): void {
  try {
    setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL))
  } catch (error) {
    ctx.log.debug({ err: error as Error }, 'the worker keeps its priority')
  }
}

async function listenForBrowsers(config: Config): Promise<ReturnType<typeof createRedirects>> {
  const server = createRedirects(config)
  const at = { port: config.redirectPort!, host: config.host }
  const listening = (): Promise<void> =>
    new Promise((resolve, reject) => server.once('error', reject).listen(at, () => resolve()))
  await listen({ listen: listening }, at, 'LMA_REDIRECT_PORT')
  return server
}

async function listen(
  app: { listen: (at: { port: number; host: string }) => Promise<unknown> },
  config: Pick<Config, 'port' | 'host'>,
  variable = 'PORT',
): Promise<void> {
  try {
    await app.listen({ port: config.port, host: config.host })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'EADDRINUSE')
      throw new StartupError(
        `Port ${config.port} is taken by another program. Stop it, or choose another port: ${variable}=${config.port + 1} npm start`,
      )
    if (code === 'EACCES')
      throw new StartupError(
        `Port ${config.port} needs more rights than this user has. Choose a port above 1023: ${variable}=${config.port + 8000} npm start`,
      )
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new StartupError(`The address ${config.host} does not belong to this machine. Correct HOST or unset it.`)
    throw error
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}
