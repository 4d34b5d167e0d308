import { access, constants } from 'node:fs/promises'
import { availableParallelism, freemem } from 'node:os'
import type { Check } from '#contract/system.ts'
import { migrate } from '#db/migrate.ts'
import { environmentHelp, readConfig } from '../config.ts'
import type { Ctx } from '../context.ts'
import type { Globals } from '../cli.ts'
import { inspect } from '../system/checks.ts'
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
    const applied = await migrate(database.directUrl)
    print(globals, 'migrate', { applied }, () =>
      applied.length > 0 ? applied.map((m) => `applied ${m}`) : ['The schema is up to date.'],
    )
  } finally {
    await database.stop()
  }
}

/** Looks at everything a start needs and says what is missing and how to mend it. */
export async function doctor(globals: Globals): Promise<void> {
  const major = Number(process.versions.node.split('.')[0])
  const checks: Check[] = [
    {
      check: 'Node',
      level: major >= 24 ? 'ok' : 'bad',
      detail: `${process.version}${major >= 24 ? '' : ': start through npm, which brings Node 24'}`,
    },
    {
      check: 'machine',
      level: 'ok',
      detail: `${availableParallelism()} cores, ${Math.round(freemem() / 2 ** 20)} MB free memory`,
    },
  ]
  try {
    const config = readConfig()
    await access(config.dataDir, constants.W_OK)
    await withContext(async (ctx) => checks.push(...(await inspect(ctx))))
  } catch (error) {
    checks.push({ check: 'start', level: 'bad', detail: (error as Error).message })
  }
  const words = { ok: 'ok  ', warn: 'look', bad: 'BAD ' }
  print(globals, 'doctor', { checks: checks.map((c) => ({ ...c, ok: c.level !== 'bad' })) }, () =>
    checks.map((c) => `${words[c.level]} ${c.check}: ${c.detail}`),
  )
  if (checks.some((c) => c.level === 'bad')) process.exitCode = exit.config
}

/** Prints what an .env file could hold. */
export function environment(): void {
  process.stdout.write(environmentHelp())
}
