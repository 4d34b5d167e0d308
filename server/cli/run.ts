import { access, constants, statfs } from 'node:fs/promises'
import { availableParallelism, freemem } from 'node:os'
import { migrate } from '#db/migrate.ts'
import { environmentHelp, readConfig } from '../config.ts'
import type { Ctx } from '../context.ts'
import type { Globals } from '../cli.ts'
import { demoLogin } from '../demo-login.ts'
import { openDatabase, quietly, serve, withContext, type Roles } from '../up.ts'
import { exit, print, say, strong } from './output.ts'

/** `npm start`: everything in one process, with the address and the demo sign-in printed. */
export async function up(globals: Globals): Promise<void> {
  const started = Date.now()
  const ready = async (address: string, ctx: Ctx): Promise<void> => {
    const login = await demoLogin(ctx.pool)
    say(globals, '')
    say(
      globals,
      `${strong('Liquor Agent')} is ready after ${((Date.now() - started) / 1000).toFixed(1)} s: ${strong(address)}`,
    )
    if (login) say(globals, `Demo sign-in: ${strong(login.email)} with password ${strong(login.password)}`)
    say(globals, 'API documentation at /docs. Ctrl-C stops everything; the data stays in ' + ctx.config.dataDir)
  }
  await serve({ api: true, worker: true }, globals.signal, ready, quietly())
  say(globals, 'Stopped; nothing was lost.')
}

export function run(globals: Globals, roles: Roles): Promise<void> {
  return serve(roles, globals.signal, (address) => say(globals, `${roles.api ? 'API' : 'Worker'} is ready: ${address}`))
}

export async function migrateOnly(globals: Globals): Promise<void> {
  const database = await openDatabase(readConfig())
  try {
    const applied = await migrate(database.url)
    print(globals, 'migrate', { applied }, () =>
      applied.length > 0 ? applied.map((m) => `applied ${m}`) : ['The schema is up to date.'],
    )
  } finally {
    await database.stop()
  }
}

interface Check {
  check: string
  ok: boolean
  detail: string
}

/** Looks at everything a start needs and says what is missing and how to mend it. */
export async function doctor(globals: Globals): Promise<void> {
  const checks: Check[] = []
  const major = Number(process.versions.node.split('.')[0])
  checks.push({
    check: 'Node',
    ok: major >= 24,
    detail: `${process.version}${major >= 24 ? '' : ': start through npm, which brings Node 24'}`,
  })
  checks.push({
    check: 'machine',
    ok: true,
    detail: `${availableParallelism()} cores, ${Math.round(freemem() / 2 ** 20)} MB free memory`,
  })
  try {
    const config = readConfig()
    await access(config.dataDir, constants.W_OK)
    const disk = await statfs(config.dataDir)
    const freeMb = Math.round((disk.bavail * disk.bsize) / 2 ** 20)
    checks.push({
      check: 'data folder',
      ok: freeMb > 500,
      detail: `${config.dataDir}, ${freeMb} MB free${freeMb > 500 ? '' : ': free some space'}`,
    })
    await withContext(async (ctx) => {
      const { rows } = await ctx.pool.query<{ version: string; customers: number }>(
        `select current_setting('server_version') as version, (select count(*) from customers) as customers`,
      )
      checks.push({
        check: 'database',
        ok: true,
        detail: `PostgreSQL ${rows[0]!.version}, ${rows[0]!.customers} customers`,
      })
      for (const kind of ['email', 'sms'] as const) {
        const names = (await ctx.channels.routes(kind)).map((r) => r.channel.name)
        checks.push({
          check: `${kind === 'email' ? 'email' : 'text'} channel`,
          ok: true,
          detail: names.includes('sandbox') ? 'sandbox: nothing leaves this machine' : names.join(', '),
        })
      }
    })
  } catch (error) {
    checks.push({ check: 'start', ok: false, detail: (error as Error).message })
  }
  print(globals, 'doctor', { checks }, () => checks.map((c) => `${c.ok ? 'ok  ' : 'BAD '} ${c.check}: ${c.detail}`))
  if (checks.some((c) => !c.ok)) process.exitCode = exit.config
}

/** Prints what an .env file could hold. */
export function environment(): void {
  process.stdout.write(environmentHelp())
}
