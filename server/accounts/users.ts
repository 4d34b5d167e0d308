import type { Role } from '#contract/accounts.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError } from '../http/errors.ts'
import { requireGoodPassword } from './links.ts'
import { hashPassword } from './password.ts'
import { countUsers, insertUser, type UserRow } from './queries.ts'

export interface NewUser {
  email: string
  password: string
  fullName: string | null
  role: Role
}

/** Creates a user. Throws InputError when the address is taken, or the password is one that guessers try first. */
export async function createUser(ctx: Ctx, actor: Actor, user: NewUser): Promise<UserRow> {
  await requireGoodPassword(ctx, 'password', user.password, user)
  const passwordHash = await hashPassword(user.password)
  return withTx(ctx.pool, async (tx) => {
    const created = await insertUser(tx, { ...user, passwordHash })
    if (!created) throw new InputError([{ path: 'email', message: 'There is already a user with this address.' }])
    await audit(tx, actor, {
      action: 'user.created',
      entity: 'user',
      entityId: created.id,
      after: { role: created.role },
    })
    return created
  })
}

/** The first admin needs no permission: whoever starts an empty shop owns it. Later only an admin may add users. */
export async function registerUser(
  ctx: Ctx,
  actor: Actor,
  user: Omit<NewUser, 'role'> & { role: Role | null },
): Promise<UserRow> {
  if (actor.kind === 'user' && actor.role === 'admin')
    return createUser(ctx, actor, { ...user, role: user.role ?? 'user' })
  const client = await ctx.direct.connect()
  try {
    // Two first registrations at once: the second must see the first.
    await client.query('select pg_advisory_lock(81001)')
    if ((await countUsers(client)) > 0)
      throw new AppError('auth.forbidden', 'This shop already has an admin; ask them to add you.')
    return await createUser(ctx, actor, { ...user, role: 'admin' })
  } finally {
    await client.query('select pg_advisory_unlock(81001)')
    client.release()
  }
}
