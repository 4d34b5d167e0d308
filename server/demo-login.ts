import type { Pool } from 'pg'
import { passwordOfDemo, emailOfDemo } from './demo/identity.ts'

/** The demo shop prints its own sign-in; null as soon as the demo user is gone. */
export async function demoLogin(pool: Pool): Promise<{ email: string; password: string } | null> {
  const { rows } = await pool.query(
    `select 1 from users where users.email = $1 and users.is_active
    and exists (select 1 from settings where settings.name = 'demo')`,
    [emailOfDemo],
  )
  return rows.length > 0 ? { email: emailOfDemo, password: passwordOfDemo } : null
}
