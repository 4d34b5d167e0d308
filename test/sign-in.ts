import type { Role } from '#contract/accounts.ts'
import type { Ctx } from '#server/context.ts'
import { signAccessToken } from '#server/http/auth.ts'

/** An access token of a user who signed in a moment ago. */
export function bearerOf(ctx: Ctx, userId: string, role: Role): Promise<string> {
  return signAccessToken(ctx.config.secret, { id: userId, role }, ctx.clock())
}
