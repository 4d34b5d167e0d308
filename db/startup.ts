import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** Something stands in the way of a start: one sentence with the cause and the cure, exit code 3. */
export class StartupError extends Error {
  override name = 'StartupError'
  readonly exitCode = 3
  /** SQLSTATE, where the database itself said why */
  code = ''

  constructor(message: string, code = '') {
    super(message)
    this.code = code
  }
}

/** A server that comes up again after a crash refuses everybody until it has read its log (SQLSTATE 57P03). */
const recovering = '57P03'
const waitEveryMs = 500

/**
 * Asks the configured server whether we can work with it; one that is just starting is waited for.
 * @param patienceMs how long a starting server is waited for. Throws StartupError.
 */
export async function checkServer(url: string, patienceMs = 60_000): Promise<void> {
  const until = Date.now() + patienceMs
  for (;;) {
    try {
      return await askServer(url)
    } catch (error) {
      if (!(error instanceof StartupError) || error.code !== recovering || Date.now() > until) throw error
      await sleep(waitEveryMs)
    }
  }
}

async function askServer(url: string): Promise<void> {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new StartupError(
      'DATABASE_URL is not an address. Write it like postgres://user:password@host:5432/database, or unset it to use the built-in database.',
    )
  }
  const place = `${parsed.hostname}:${parsed.port || 5432}`
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    const { rows } = await client.query<{ number: number }>(
      `select current_setting('server_version_num')::int as number`,
    )
    if (rows[0]!.number < 150_000)
      throw new StartupError(
        `The database at ${place} is PostgreSQL ${Math.floor(rows[0]!.number / 10_000)}; version 15 or newer is needed.`,
      )
  } catch (error) {
    if (error instanceof StartupError) throw error
    const code = (error as { code?: string }).code ?? ''
    const name = parsed.pathname.slice(1)
    if (code === '28P01' || code === '28000')
      throw new StartupError(
        `The database at ${place} refused the user or password in DATABASE_URL. Correct them, or unset DATABASE_URL to use the built-in database.`,
      )
    if (code === '3D000')
      throw new StartupError(
        `There is no database called ${name} at ${place}. Create it (createdb ${name}) or correct DATABASE_URL.`,
      )
    if (code === recovering)
      throw new StartupError(`The database at ${place} is still starting. Wait until it is up, then start again.`, code)
    throw new StartupError(
      `No PostgreSQL answers at ${place} (${code || (error as Error).message}). Start it, correct DATABASE_URL, or unset it to use the built-in database.`,
    )
  } finally {
    await client.end().catch(() => undefined)
  }
}
