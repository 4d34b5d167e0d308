import { z } from 'zod'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'
import { mostPerDay, mostPerMinute, usualQuota } from './quota.ts'
import { scopes } from './scopes.ts'

const PerMinute = z.int('Write a whole number.').min(1, 'At least 1.').max(mostPerMinute, 'At most 60,000.')
const PerDay = z.int('Write a whole number.').min(1, 'At least 1.').max(mostPerDay, 'At most 10,000,000.').nullable()

/** A key of a program. Its secret is shown once and never again; what is kept is a keyed hash. */
export const ApiKey = z.strictObject({
  id: Id,
  name: z.string(),
  /** the beginning of the secret, to tell keys apart */
  prefix: z.string(),
  scopes: z.array(z.enum(scopes)),
  created_by_name: z.string().nullable(),
  created_at: Instant,
  expires_at: Instant.nullable(),
  /** to the minute */
  last_used_at: Instant.nullable(),
  revoked_at: Instant.nullable(),
  /** requests in any minute, over all processes; an address may make 1,200 whatever its keys */
  quota_per_minute: z.int(),
  /** requests in a day (UTC); null: no limit */
  quota_per_day: z.int().nullable(),
  /** of the current day (UTC), those that were refused for the quota left out */
  used_today: z.int(),
  state: z.enum(['active', 'expired', 'revoked']),
})
export type ApiKey = z.infer<typeof ApiKey>

export const ApiKeyInput = z.strictObject({
  name: z.string().trim().min(1, 'Write what the key is for.').max(100),
  scopes: z.array(z.enum(scopes)).min(1, 'Choose at least one thing the key may do.').max(scopes.length),
  /** null: until somebody revokes it */
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
  /** requests in any minute */
  quota_per_minute: PerMinute.default(usualQuota),
  /** requests in a day (UTC); null: no limit */
  quota_per_day: PerDay.default(null),
})

/** What may change later; what a key may do stays as it was made. */
export const ApiKeyChange = z
  .strictObject({
    name: ApiKeyInput.shape.name,
    quota_per_minute: PerMinute,
    quota_per_day: PerDay,
  })
  .partial()

const tag = 'API keys'
export const apiKeys = {
  list: route({
    method: 'GET',
    path: '/api/v1/api-keys',
    access: 'admin',
    tag,
    summary: 'Keys of programs, the newest first; revoked ones stay in the list',
    reply: z.strictObject({ data: z.array(ApiKey) }),
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/api-keys',
    access: 'admin',
    tag,
    status: 201,
    showsSecret: true,
    summary: 'Make a key; its secret is in this answer and nowhere else',
    body: ApiKeyInput,
    reply: ApiKey.extend({ secret: z.string() }),
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/api-keys/:id',
    access: 'admin',
    tag,
    summary: 'Rename a key, or set how many requests it may make; counts from the next request on',
    params: IdParams,
    body: ApiKeyChange,
    reply: ApiKey,
  }),
  revoke: route({
    method: 'DELETE',
    path: '/api/v1/api-keys/:id',
    access: 'admin',
    tag,
    status: 204,
    summary: 'Revoke a key: it opens nothing from this moment on',
    params: IdParams,
  }),
}
