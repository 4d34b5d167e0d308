import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import type { Role } from '#contract/accounts.ts'
import type { people, Person } from '#contract/people.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { mailStaff, plainMail } from '../staff-mail.ts'
import { mailInvitation, makeLink } from './links.ts'
import { insertUser } from './queries.ts'
import { removeSecondFactor } from './second-factor.ts'
import { closeSessionsOf } from './session.ts'

type Shown = z.input<typeof Person>
type Invited = z.input<typeof people.invite.reply>

const columns = `u.id, u.email, u.full_name, u.role,
  case when not u.is_active then 'deactivated' when u.password_hash is null then 'invited' else 'active' end as state,
  u.totp_confirmed_at is not null as has_second_factor, coalesce(u.id = $1::uuid, false) as is_self,
  (select max(s.last_seen_at) from sessions as s where s.user_id = u.id) as last_seen_at, u.invited_at, u.created_at`

const selfOf = (actor: Actor): string | null => (actor.kind === 'user' ? actor.id : null)

/** Everybody who signs in here, those who can do most first. */
export async function listPeople(ctx: Ctx, actor: Actor): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Shown>(
    `select ${columns} from users as u
     order by not u.is_active, array_position('{admin,manager,user}', u.role), lower(coalesce(u.full_name, u.email::text)), u.id limit 1000`,
    [selfOf(actor)],
  )
  return rows
}

async function readPerson(client: ClientBase | Pool, actor: Actor, id: string): Promise<Shown> {
  const { rows } = await client.query<Shown>(`select ${columns} from users as u where u.id = $2`, [selfOf(actor), id])
  if (!rows[0]) throw notFound('user', id)
  return rows[0]
}

/** Invites somebody; the link goes by mail and is in the answer once. Throws InputError when the address is taken. */
export async function invitePerson(
  ctx: Ctx,
  actor: Actor,
  input: { email: string; full_name: string | null; role: Role },
): Promise<Invited> {
  const { person, url, expiresAt } = await withTx(ctx.pool, async (tx) => {
    const made = await insertUser(tx, { ...input, fullName: input.full_name, passwordHash: null })
    if (!made) throw new InputError([{ path: 'email', message: 'There is already a user with this address.' }])
    await audit(tx, actor, { action: 'user.invited', entity: 'user', entityId: made.id, after: { role: made.role } })
    const link = await makeLink(ctx, tx, made.id, 'invitation')
    return { person: await readPerson(tx, actor, made.id), ...link }
  })
  return { person, url, is_mailed: await mailInvitation(ctx, person.email, url), expires_at: expiresAt }
}

/** A new link for somebody who has not answered yet. */
export async function inviteAgain(ctx: Ctx, actor: Actor, id: string): Promise<Invited> {
  const { person, url, expiresAt } = await withTx(ctx.pool, async (tx) => {
    const found = await readPerson(tx, actor, id)
    if (found.state !== 'invited')
      throw new AppError(
        'conflict',
        'This person has joined already; they can ask for a new password when they sign in.',
      )
    await audit(tx, actor, { action: 'user.invited', entity: 'user', entityId: id, after: { role: found.role } })
    return { person: found, ...(await makeLink(ctx, tx, id, 'invitation')) }
  })
  return { person, url, is_mailed: await mailInvitation(ctx, person.email, url), expires_at: expiresAt }
}

/** Changes name, role or state. Throws `conflict` when nobody would be left who can. */
export async function changePerson(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: z.output<typeof people.change.body>,
): Promise<Shown> {
  return withTx(ctx.pool, async (tx) => {
    // All changes of roles one after the other: two admins must not demote each other at once.
    await tx.query('select pg_advisory_xact_lock(81002)')
    const before = await readPerson(tx, actor, id)
    const wasActive = before.state !== 'deactivated'
    const role = change.role ?? before.role
    const isActive = change.is_active ?? wasActive
    if (before.is_self && (role !== before.role || !isActive))
      throw new AppError('conflict', 'Nobody changes their own role or state; ask another admin.')
    await tx.query('update users set full_name = $2, role = $3, is_active = $4, updated_at = now() where id = $1', [
      id,
      change.full_name === undefined ? before.full_name : change.full_name,
      role,
      isActive,
    ])
    const { rows } = await tx.query<{ n: number }>(
      `select count(*) as n from users as u where u.role = 'admin' and u.is_active and u.password_hash is not null`,
    )
    if (rows[0]!.n === 0) throw new AppError('conflict', 'The shop needs an admin who can sign in.')
    if (!isActive) {
      await closeSessionsOf(tx, id, 'deactivated', ctx.clock())
      await tx.query('update user_links set used_at = $2 where user_id = $1 and used_at is null', [id, ctx.clock()])
    }
    await audit(tx, actor, {
      action: isActive === wasActive ? 'user.updated' : isActive ? 'user.reactivated' : 'user.deactivated',
      entity: 'user',
      entityId: id,
      before: { role: before.role, is_active: wasActive },
      after: {
        role,
        is_active: isActive,
        renamed: change.full_name !== undefined && change.full_name !== before.full_name,
      },
    })
    return readPerson(tx, actor, id)
  })
}

/** For somebody who lost the phone: the factor goes, they are signed out and told by mail. */
export async function dropSecondFactor(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  const { email } = await withTx(ctx.pool, async (tx) => {
    const person = await readPerson(tx, actor, id)
    if (person.is_self) throw new AppError('conflict', 'Remove your own second factor under Your account.')
    if (!(await removeSecondFactor(tx, actor, id))) throw new AppError('conflict', 'This person has no second factor.')
    await closeSessionsOf(tx, id, 'by_admin', ctx.clock())
    return person
  })
  await mailStaff(ctx, {
    recipient: email,
    subject: 'Your second factor was removed',
    ...plainMail([
      'An admin removed the second factor of your account, and signed you out. Sign in with your password and add a new one.',
      'If you did not ask for this, tell an admin at once.',
    ]),
  })
}

/** Signs somebody out everywhere. */
export async function signOut(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    await readPerson(tx, actor, id)
    const ended = await closeSessionsOf(tx, id, 'by_admin', ctx.clock())
    await audit(tx, actor, { action: 'user.signed_out', entity: 'user', entityId: id, after: { sessions: ended } })
  })
}
