import { z } from 'zod'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'
import { scopes } from './scopes.ts'

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
  state: z.enum(['active', 'expired', 'revoked']),
})
export type ApiKey = z.infer<typeof ApiKey>

export const ApiKeyInput = z.strictObject({
  name: z.string().trim().min(1, 'Write what the key is for.').max(100),
  scopes: z.array(z.enum(scopes)).min(1, 'Choose at least one thing the key may do.').max(scopes.length),
  /** null: until somebody revokes it */
  expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
})

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
