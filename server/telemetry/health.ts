import { readMigrations } from '#db/migrate.ts'
import type { Ctx } from '../context.ts'

/** One thing a process needs, and whether it has it. */
export interface Condition {
  name: string
  ok: boolean
  /** false: without it the process still does its work, more slowly */
  isNeeded: boolean
  detail: string
}

const withinMs = 2_000
const newest = Math.max(...readMigrations().map((m) => m.version))

/** Whether this process may be given work now. Never throws; a database that hangs counts as away after two seconds. */
export async function conditionsOf(ctx: Ctx): Promise<Condition[]> {
  return Promise.all([database(ctx), ...(ctx.config.redis ? [redis(ctx)] : [])])
}

async function database(ctx: Ctx): Promise<Condition> {
  const condition = (ok: boolean, detail: string): Condition => ({ name: 'database', ok, isNeeded: true, detail })
  try {
    const { rows } = await within(
      ctx.pool.query<{ version: number }>('select coalesce(max(m.version), 0) as version from schema_migrations as m'),
    )
    const { version } = rows[0]!
    return version >= newest
      ? condition(true, `schema ${version}`)
      : condition(false, `the schema is at ${version}, this release needs ${newest}: run liquor-agent migrate`)
  } catch (error) {
    return condition(false, `the database does not answer (${(error as { code?: string }).code ?? 'timeout'})`)
  }
}

async function redis(ctx: Ctx): Promise<Condition> {
  const answers = await within(ctx.ping()).catch(() => false)
  return {
    name: 'redis',
    ok: answers,
    isNeeded: false,
    detail: answers ? 'answers' : 'does not answer; PostgreSQL does its work meanwhile',
  }
}

function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), withinMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}
