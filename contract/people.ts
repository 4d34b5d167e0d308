import { z } from 'zod'
import { Email, Role } from './accounts.ts'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'

/** Somebody who signs in, or is invited to. */
export const Person = z.strictObject({
  id: Id,
  email: z.string(),
  full_name: z.string().nullable(),
  role: Role,
  state: z.enum(['active', 'invited', 'deactivated']),
  has_second_factor: z.boolean(),
  /** the caller */
  is_self: z.boolean(),
  /** last time one of their sessions was used */
  last_seen_at: Instant.nullable(),
  invited_at: Instant.nullable(),
  created_at: Instant,
})
export type Person = z.infer<typeof Person>

/** The link is shown once, for shops whose mail does not leave the house. */
const Invitation = z.strictObject({
  person: Person,
  url: z.string(),
  /** the mail was taken by the mail channel */
  is_mailed: z.boolean(),
  expires_at: Instant,
})

const FullName = z.string().trim().min(1).max(200).nullable()

const tag = 'People'
export const people = {
  list: route({
    method: 'GET',
    path: '/api/v1/users',
    access: 'admin',
    tag,
    summary: 'Who signs in here, with role and state',
    reply: z.strictObject({ data: z.array(Person) }),
  }),
  invite: route({
    method: 'POST',
    path: '/api/v1/users',
    access: 'admin',
    tag,
    status: 201,
    showsSecret: true,
    summary: 'Invite somebody: they get a link by mail and choose their own password',
    body: z.strictObject({ email: Email, full_name: FullName.default(null), role: Role.default('user') }),
    reply: Invitation,
  }),
  inviteAgain: route({
    method: 'POST',
    path: '/api/v1/users/:id/invite',
    access: 'admin',
    tag,
    showsSecret: true,
    summary: 'A new link for an open invitation; the one before ends',
    params: IdParams,
    reply: Invitation,
  }),
  change: route({
    method: 'PATCH',
    path: '/api/v1/users/:id',
    access: 'admin',
    tag,
    summary: 'Change name, role or state; who is deactivated is signed out at once',
    params: IdParams,
    body: z.strictObject({ full_name: FullName.optional(), role: Role.optional(), is_active: z.boolean().optional() }),
    reply: Person,
  }),
  dropSecondFactor: route({
    method: 'DELETE',
    path: '/api/v1/users/:id/second-factor',
    access: 'admin',
    tag,
    status: 204,
    summary: 'Remove the second factor of somebody who lost it; they are signed out and get a mail',
    params: IdParams,
  }),
  signOut: route({
    method: 'DELETE',
    path: '/api/v1/users/:id/sessions',
    access: 'admin',
    tag,
    status: 204,
    summary: 'Sign somebody out everywhere',
    params: IdParams,
  }),
}
