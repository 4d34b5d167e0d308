import type { ClientBase, Pool } from 'pg'
import type { Role, User } from '#contract/accounts.ts'

const columns =
  'users.id, users.email, users.full_name, users.role, users.is_active, users.totp_confirmed_at is not null as has_second_factor, users.created_at'
export type UserRow = Omit<User, 'created_at'> & { created_at: Date }

export const shownUser = (user: UserRow): User => ({ ...user, created_at: user.created_at.toISOString() })

export async function countUsers(client: ClientBase | Pool): Promise<number> {
  const { rows } = await client.query<{ n: number }>('select count(*) as n from users')
  return rows[0]!.n
}

export async function findUser(client: ClientBase | Pool, id: string): Promise<UserRow | null> {
  const { rows } = await client.query<UserRow>(`select ${columns} from users where users.id = $1 and users.is_active`, [
    id,
  ])
  return rows[0] ?? null
}

export async function findCredentials(
  client: ClientBase | Pool,
  email: string,
): Promise<(UserRow & { password_hash: string | null }) | null> {
  const { rows } = await client.query<UserRow & { password_hash: string | null }>(
    `select ${columns}, users.password_hash from users where users.email = $1 and users.is_active`,
    [email],
  )
  return rows[0] ?? null
}

/** Null when the address is taken. */
export async function insertUser(
  client: ClientBase | Pool,
  user: { email: string; passwordHash: string | null; fullName: string | null; role: Role },
): Promise<UserRow | null> {
  const { rows } = await client.query<UserRow>(
    `insert into users (email, password_hash, full_name, role, invited_at) values ($1, $2, $3, $4, case when $2::text is null then now() end) on conflict (email) do nothing returning ${columns}`,
    [user.email, user.passwordHash, user.fullName, user.role],
  )
  return rows[0] ?? null
}

export async function updateUser(
  client: ClientBase | Pool,
  id: string,
  change: { fullName: string | null; passwordHash: string | null },
): Promise<UserRow> {
  const { rows } = await client.query<UserRow>(
    `update users set full_name = $2, password_hash = coalesce($3, password_hash),
       password_changed_at = case when $3::text is null then password_changed_at else now() end, has_public_password = has_public_password and $3::text is null, updated_at = now() where id = $1 returning ${columns}`,
    [id, change.fullName, change.passwordHash],
  )
  return rows[0]!
}
