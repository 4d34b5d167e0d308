import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { afterAll } from 'vitest'
import type { Role } from '#contract/accounts.ts'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { signAccessToken } from '#server/http/auth.ts'
import { createApp } from '#server/http/app.ts'
import { createLog } from '#server/log.ts'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freshDatabase } from './db.ts'

export interface TestApp {
  ctx: Ctx
  app: FastifyInstance
  /** inject() with the token of a user of this role */
  as(role: Role): (options: InjectOptions) => Promise<LightMyRequestResponse>
}

/** A context over a database of its own, as in production but quiet. Closed after the test file. */
export async function testContext(options: { clock?: () => Date } = {}): Promise<Ctx> {
  const database = await freshDatabase()
  const config = {
    ...readConfig({ LMA_DATA: mkdtempSync(path.join(tmpdir(), 'lma-test-')), LMA_SECRET: 'a secret that only tests use, 32+ characters', LMA_DEMO: 'off' }),
    publicUrl: 'http://shop.test',
  }
  const ctx = createContext(config, database.url, { log: createLog(process.env['TEST_LOG'] ?? 'silent'), poolSize: 8, ...options })
  afterAll(() => closeContext(ctx))
  return ctx
}

/** The whole HTTP application over a fresh database. */
export async function testApp(options: { clock?: () => Date } = {}): Promise<TestApp> {
  const ctx = await testContext(options)
  const app = await createApp(ctx)
  await app.ready()
  afterAll(() => app.close())
  const tokens = new Map<Role, string>()
  for (const role of ['admin', 'manager', 'user'] as const) {
    const user = await createUser(ctx, systemActor, { email: `${role}@shop.test`, password: 'a long test password', fullName: role, role })
    tokens.set(role, await signAccessToken(ctx.config.secret, { id: user.id, role }, ctx.clock()))
  }
  return {
    ctx,
    app,
    as: (role) => (options) => app.inject({ ...options, headers: { authorization: `Bearer ${tokens.get(role)}`, ...options.headers } }),
  }
}
