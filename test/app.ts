import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { afterAll } from 'vitest'
import type { Role } from '#contract/accounts.ts'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import type { Ctx } from '#server/context.ts'
import { createApp } from '#server/http/app.ts'
import { testContext } from './context.ts'
import { bearerOf } from './sign-in.ts'

export interface TestApp {
  ctx: Ctx
  app: FastifyInstance
  /** inject() with the token of a user of this role */
  as(role: Role): (options: InjectOptions) => Promise<LightMyRequestResponse>
}

/** The whole HTTP application over a fresh database. */
export async function testApp(options: Parameters<typeof testContext>[0] = {}): Promise<TestApp> {
  const ctx = await testContext(options)
  const app = await createApp(ctx)
  await app.ready()
  afterAll(() => app.close())
  const users = new Map<Role, { id: string; token: string; signedAt: number }>()
  const sign = async (role: Role, id: string): Promise<string> => {
    const token = await bearerOf(ctx, id)
    users.set(role, { id, token, signedAt: ctx.clock().getTime() })
    return token
  }
  for (const role of ['admin', 'manager', 'user'] as const) {
    const user = await createUser(ctx, systemActor, {
      email: `${role}@shop.test`,
      password: 'a long test password',
      fullName: role,
      role,
    })
    await sign(role, user.id)
  }
  return {
    ctx,
    app,
    // A test may move its clock by weeks, and a token lasts minutes.
    as: (role) => async (options) => {
      const { id, token, signedAt } = users.get(role)!
      const isFresh = Math.abs(ctx.clock().getTime() - signedAt) < 5 * 60_000
      const bearer = isFresh ? token : await sign(role, id)
      return app.inject({ ...options, headers: { authorization: `Bearer ${bearer}`, ...options.headers } })
    },
  }
}
