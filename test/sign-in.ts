import type { Ctx } from '#server/context.ts'
import { startSession } from '#server/accounts/session.ts'

/** An access token of a user who signed in a moment ago. */
export async function bearerOf(ctx: Ctx, userId: string): Promise<string> {
  return (await startSession(ctx, userId, { userAgent: 'test', ip: '127.0.0.1' })).accessToken
}
