import { z } from 'zod'
import { Id, Instant } from './common.ts'
import { route } from './http.ts'

export const Role = z.enum(['admin', 'manager', 'user'])
export type Role = z.infer<typeof Role>

export const User = z.strictObject({
  id: Id,
  email: z.string(),
  full_name: z.string().nullable(),
  role: Role,
  is_active: z.boolean(),
  has_second_factor: z.boolean(),
  created_at: Instant,
})
export type User = z.infer<typeof User>

/** NIST SP 800-63B: length counts, composition rules do not. What leaked is refused by the server. */
export const Password = z.string().min(12, 'Use at least 12 characters.').max(200)
export const Email = z
  .email('Write an email address like name@shop.com.')
  .max(254)
  .transform((s) => s.toLowerCase())

/** Of a link in a mail; it stands behind the #, which no server and no log sees. */
const LinkToken = z.string().regex(/^[\w-]{43}$/, 'This link is not complete; copy it whole.')

/** The refresh token travels in an httpOnly cookie, never in a body. */
export const Session = z.strictObject({ access_token: z.string(), expires_in: z.int(), user: User })
export type Session = z.infer<typeof Session>

const tag = 'Accounts'
export const accounts = {
  state: route({
    method: 'GET',
    path: '/api/v1/auth/state',
    access: 'public',
    openBecause: 'the sign-in page asks before anybody is signed in',
    tag,
    summary: 'Whether the first admin must still be created, and the demo sign-in if there is one',
    reply: z.strictObject({
      needs_first_user: z.boolean(),
      demo_login: z.strictObject({ email: z.string(), password: z.string() }).nullable(),
    }),
  }),
  register: route({
    method: 'POST',
    path: '/api/v1/auth/register',
    access: 'public',
    openBecause: 'works once, while the shop has no user',
    tag,
    status: 201,
    summary: 'Create the first admin; afterwards only an admin may create users',
    body: z.strictObject({
      email: Email,
      password: Password,
      full_name: z.string().trim().max(200).optional(),
      role: Role.optional(),
    }),
    reply: User,
  }),
  login: route({
    method: 'POST',
    path: '/api/v1/auth/login',
    access: 'public',
    openBecause: 'proves itself by password, limited by account and address',
    tag,
    summary: 'Sign in: access token in the body, refresh token in a cookie',
    description:
      'With a second factor the first answer is `auth.second_factor` (401): send the same again with `code`, six digits of the app or a recovery code.',
    body: z.strictObject({
      email: Email,
      password: z.string().min(1).max(200),
      code: z.string().trim().min(6).max(20).optional(),
    }),
    reply: Session,
  }),
  refresh: route({
    method: 'POST',
    path: '/api/v1/auth/refresh',
    access: 'public',
    openBecause: 'proves itself by the refresh cookie',
    tag,
    summary: 'Trade the refresh cookie for a new pair; a spent token ends the whole session',
    reply: Session,
  }),
  logout: route({
    method: 'POST',
    path: '/api/v1/auth/logout',
    access: 'public',
    openBecause: 'ends the session whose cookie it carries',
    tag,
    status: 204,
    summary: 'End this session',
  }),
  forgot: route({
    method: 'POST',
    path: '/api/v1/auth/forgot',
    access: 'public',
    openBecause: 'says the same to everybody; the mail goes to the address of the account',
    tag,
    status: 204,
    summary: 'Mail a link to a new password, if the address has an account',
    body: z.strictObject({ email: Email }),
  }),
  link: route({
    method: 'POST',
    path: '/api/v1/auth/link',
    access: 'public',
    openBecause: 'proves itself by the token of the link',
    tag,
    summary: 'Whom a link by mail is for, and whether it still holds',
    body: z.strictObject({ token: LinkToken }),
    reply: z.strictObject({
      purpose: z.enum(['invitation', 'password_reset']),
      email: z.string(),
      full_name: z.string().nullable(),
      shop: z.string(),
    }),
  }),
  usePassword: route({
    method: 'POST',
    path: '/api/v1/auth/password',
    access: 'public',
    openBecause: 'proves itself by the token of the link, which is good once',
    tag,
    status: 204,
    summary: 'Choose a password by a link: accepts an invitation, or replaces a forgotten one and signs out everywhere',
    body: z.strictObject({
      token: LinkToken,
      password: Password,
      full_name: z.string().trim().min(1).max(200).optional(),
    }),
  }),
  me: route({
    method: 'GET',
    path: '/api/v1/users/me',
    access: 'user',
    tag,
    summary: 'The signed-in user',
    reply: User,
  }),
  updateMe: route({
    method: 'PATCH',
    path: '/api/v1/users/me',
    access: 'user',
    tag,
    summary: 'Change own name or password',
    body: z.strictObject({
      full_name: z.string().trim().max(200).nullable().optional(),
      current_password: z.string().max(200).optional(),
      new_password: Password.optional(),
    }),
    reply: User,
  }),
}
