import { z } from 'zod'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'

/** One browser that is signed in. */
export const SignedIn = z.strictObject({
  id: Id,
  user_agent: z.string().nullable(),
  ip: z.string().nullable(),
  created_at: Instant,
  last_seen_at: Instant,
  /** the caller's own */
  is_this: z.boolean(),
})
export type SignedIn = z.infer<typeof SignedIn>

const PasswordOnly = z.strictObject({ password: z.string().min(1, 'Write your password.').max(200) })
const Codes = z.strictObject({ recovery_codes: z.array(z.string()) })

const tag = 'Own account'
export const ownAccount = {
  sessions: route({
    method: 'GET',
    path: '/api/v1/users/me/sessions',
    access: 'user',
    tag,
    summary: 'Where one is signed in, the last used first',
    reply: z.strictObject({ data: z.array(SignedIn) }),
  }),
  endSession: route({
    method: 'DELETE',
    path: '/api/v1/users/me/sessions/:id',
    access: 'user',
    tag,
    status: 204,
    summary: 'Sign one browser out',
    params: IdParams,
  }),
  endOtherSessions: route({
    method: 'DELETE',
    path: '/api/v1/users/me/sessions',
    access: 'user',
    tag,
    summary: 'Sign all other browsers out',
    reply: z.strictObject({ ended: z.int() }),
  }),
  beginSecondFactor: route({
    method: 'POST',
    path: '/api/v1/users/me/second-factor',
    access: 'user',
    tag,
    showsSecret: true,
    summary: 'A secret for an authenticator app; it counts once a code confirmed it',
    body: PasswordOnly,
    reply: z.strictObject({ secret: z.string(), uri: z.string() }),
  }),
  confirmSecondFactor: route({
    method: 'POST',
    path: '/api/v1/users/me/second-factor/confirm',
    access: 'user',
    tag,
    showsSecret: true,
    summary: 'Confirm the app by a code; answers with ten recovery codes, shown once',
    body: z.strictObject({ code: z.string().regex(/^\d{6}$/, 'The app shows six digits.') }),
    reply: Codes,
  }),
  removeSecondFactor: route({
    method: 'POST',
    path: '/api/v1/users/me/second-factor/remove',
    access: 'user',
    tag,
    status: 204,
    summary: 'Do without the second factor again',
    body: PasswordOnly,
  }),
  newRecoveryCodes: route({
    method: 'POST',
    path: '/api/v1/users/me/recovery-codes',
    access: 'user',
    tag,
    showsSecret: true,
    summary: 'Ten new recovery codes; the old ones end',
    body: PasswordOnly,
    reply: Codes,
  }),
}
