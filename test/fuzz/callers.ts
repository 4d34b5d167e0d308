import { scopes } from '#contract/scopes.ts'
import { createApiKey } from '#server/accounts/api-keys.ts'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import type { Ctx } from '#server/context.ts'
import { bearerOf } from '../sign-in.ts'
import type { FuzzOptions } from './run.ts'

/** Nobody, a user of each role, and a program with every scope. Whom a request locked out comes back in. */
export async function fuzzCallers(ctx: Ctx): Promise<FuzzOptions['callers']> {
  const callers: FuzzOptions['callers'] = { anonymous: () => Promise.resolve(null) }
  for (const role of ['user', 'manager', 'admin'] as const) {
    const { id } = await createUser(ctx, systemActor, {
      email: `${role}@fuzz.test`,
      password: 'a long password of the fuzz',
      fullName: role,
      role,
    })
    callers[role] = async () => {
      await ctx.pool.query('update users set is_active = true, role = $2 where users.id = $1', [id, role])
      return bearerOf(ctx, id)
    }
  }
  callers['program'] = async () =>
    (
      await createApiKey(ctx, systemActor, {
        name: 'Fuzz',
        scopes: [...scopes],
        expires_at: null,
        quota_per_minute: 600,
        quota_per_day: null,
      })
    ).secret
  return callers
}
