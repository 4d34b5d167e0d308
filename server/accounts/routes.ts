import { accounts } from '#contract/accounts.ts'
import { views } from '#contract/views.ts'
import { apiKeys } from '#contract/api-keys.ts'
import { withTx } from '#db/pool.ts'
import { audit } from '../audit.ts'
import { demoLogin } from '../demo-login.ts'
import { bind, type Routes } from '../http/bind.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { createApiKey, listApiKeys, revokeApiKey } from './api-keys.ts'
import { hashPassword, passwordMatches } from './password.ts'
import { readPreferences, writePreferences } from './preferences.ts'
import { countUsers, findCredentials, findUser, updateUser, type UserRow } from './queries.ts'
import { closeAllSessions, closeSession, openSession, renewSession } from './session.ts'
import { registerUser } from './users.ts'

const shown = (user: UserRow) => ({ ...user, created_at: user.created_at.toISOString() })

export const accountRoutes: Routes = (app, ctx) => {
  bind(app, ctx, accounts.state, async () => ({
    needs_first_user: (await countUsers(ctx.pool)) === 0,
    demo_login: await demoLogin(ctx.pool),
  }))

  bind(app, ctx, accounts.register, async ({ body, actor }) =>
    shown(
      await registerUser(ctx, actor, {
        email: body.email,
        password: body.password,
        fullName: body.full_name ?? null,
        role: body.role ?? null,
      }),
    ),
  )

  bind(app, ctx, accounts.login, async ({ body, request, reply }) => {
    const user = await findCredentials(ctx.pool, body.email)
    if (!(await passwordMatches(user?.password_hash ?? null, body.password)) || !user) {
      throw new AppError('auth.bad_credentials', 'The email address or the password is wrong.')
    }
    const { password_hash: _, ...known } = user
    return openSession(ctx, known, request, reply)
  })

  bind(app, ctx, accounts.refresh, ({ request, reply }) => renewSession(ctx, request, reply))
  bind(app, ctx, accounts.logout, ({ request, reply }) => closeSession(ctx, request, reply) as Promise<undefined>)

  bind(app, ctx, accounts.me, async ({ actor }) => {
    const user = await findUser(ctx.pool, actor.id!)
    if (!user) throw notFound('user')
    return shown(user)
  })

  bind(app, ctx, views.preferences, ({ actor }) => readPreferences(ctx, actor.id!))
  bind(app, ctx, views.setPreferences, ({ actor, body }) => writePreferences(ctx, actor.id!, body))

  bind(app, ctx, accounts.updateMe, async ({ body, actor }) => {
    const user = await findUser(ctx.pool, actor.id!)
    if (!user) throw notFound('user')
    let passwordHash: string | null = null
    if (body.new_password !== undefined) {
      const credentials = await findCredentials(ctx.pool, user.email)
      if (!(await passwordMatches(credentials?.password_hash ?? null, body.current_password ?? ''))) {
        throw new InputError([{ path: 'current_password', message: 'This is not your present password.' }])
      }
      passwordHash = await hashPassword(body.new_password)
    }
    const changed = await withTx(ctx.pool, async (tx) => {
      const after = await updateUser(tx, user.id, {
        fullName: body.full_name === undefined ? user.full_name : body.full_name,
        passwordHash,
      })
      await audit(tx, actor, {
        action: 'user.updated',
        entity: 'user',
        entityId: user.id,
        after: { password_changed: passwordHash !== null },
      })
      return after
    })
    if (passwordHash) await closeAllSessions(ctx, user.id)
    return shown(changed)
  })

  bind(app, ctx, apiKeys.list, async () => ({ data: await listApiKeys(ctx) }))
  bind(app, ctx, apiKeys.create, ({ body, actor, reply }) => {
    void reply.header('cache-control', 'no-store')
    return createApiKey(ctx, actor, body)
  })
  bind(app, ctx, apiKeys.revoke, async ({ params, actor }) => {
    await revokeApiKey(ctx, actor, params.id)
    return undefined
  })
}
