import { accounts } from '#contract/accounts.ts'
import { apiKeys } from '#contract/api-keys.ts'
import { audit } from '#contract/audit.ts'
import { ownAccount } from '#contract/own-account.ts'
import { people } from '#contract/people.ts'
import { views } from '#contract/views.ts'
import { withTx } from '#db/pool.ts'
import { startJob } from '../background.ts'
import { demoLogin } from '../demo-login.ts'
import { bind, type Routes } from '../http/bind.ts'
import { notFound } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { createApiKey, listApiKeys, revokeApiKey, updateApiKey } from './api-keys.ts'
import { countAttempt } from './attempts.ts'
import { auditState, exportAudit, listAudit } from './audit-trail.ts'
import { findLink, mailPasswordReset, usePasswordLink } from './links.ts'
import { requirePassword, updateMe } from './own-account.ts'
import { changePerson, dropSecondFactor, inviteAgain, invitePerson, listPeople, signOut } from './people.ts'
import { readPreferences, writePreferences } from './preferences.ts'
import { countUsers, findUser, shownUser } from './queries.ts'
import { beginSecondFactor, confirmSecondFactor, removeSecondFactor, renewRecoveryCodes } from './second-factor.ts'
import { closeSession, closeSessionOf, closeSessionsOf, listSessions, renewSession } from './session.ts'
import { signIn } from './sign-in.ts'
import { registerUser } from './users.ts'

export const accountRoutes: Routes = (app, ctx) => {
  signInRoutes(app, ctx)
  ownRoutes(app, ctx)
  peopleRoutes(app, ctx)
  auditRoutes(app, ctx)

  bind(app, ctx, apiKeys.list, async () => ({ data: await listApiKeys(ctx) }))
  bind(app, ctx, apiKeys.create, ({ body, actor, reply }) => {
    void reply.header('cache-control', 'no-store')
    return createApiKey(ctx, actor, body)
  })
  bind(app, ctx, apiKeys.update, ({ params, body, actor }) => updateApiKey(ctx, actor, params.id, body))
  bind(app, ctx, apiKeys.revoke, async ({ params, actor }) => {
    await revokeApiKey(ctx, actor, params.id)
    return undefined
  })
}

const signInRoutes: Routes = (app, ctx) => {
  bind(app, ctx, accounts.state, async () => ({
    needs_first_user: (await countUsers(ctx.pool)) === 0,
    demo_login: await demoLogin(ctx.pool),
  }))
  bind(app, ctx, accounts.register, async ({ body, actor }) =>
    shownUser(
      await registerUser(ctx, actor, {
        email: body.email,
        password: body.password,
        fullName: body.full_name ?? null,
        role: body.role ?? null,
      }),
    ),
  )
  bind(app, ctx, accounts.login, ({ body, request, reply }) => signIn(ctx, body, request, reply))
  bind(app, ctx, accounts.refresh, ({ request, reply }) => renewSession(ctx, request, reply))
  bind(app, ctx, accounts.logout, ({ request, reply }) => closeSession(ctx, request, reply) as Promise<undefined>)
  bind(app, ctx, accounts.forgot, async ({ body, request, reply }) => {
    await countAttempt(ctx, { what: 'forgot', account: null, ip: request.ip }, reply)
    mailPasswordReset(ctx, body.email, request.id).catch((err: Error) =>
      ctx.log.error({ err }, 'link to a new password not mailed'),
    )
    return undefined
  })
  bind(app, ctx, accounts.link, async ({ body, request, reply }) => {
    await countAttempt(ctx, { what: 'link', account: null, ip: request.ip }, reply)
    const { purpose, email, full_name } = await findLink(ctx, ctx.pool, body.token)
    return { purpose, email, full_name, shop: (await readSetting(ctx.pool, 'shop')).name }
  })
  bind(app, ctx, accounts.usePassword, async ({ body, actor, request, reply }) => {
    await countAttempt(ctx, { what: 'link', account: null, ip: request.ip }, reply)
    await usePasswordLink(ctx, actor, body)
    return undefined
  })
}

const ownRoutes: Routes = (app, ctx) => {
  bind(app, ctx, accounts.me, async ({ actor }) => {
    const user = await findUser(ctx.pool, actor.id!)
    if (!user) throw notFound('user')
    return shownUser(user)
  })
  bind(app, ctx, accounts.updateMe, ({ body, actor, request, reply }) => updateMe(ctx, actor, body, request, reply))
  bind(app, ctx, views.preferences, ({ actor }) => readPreferences(ctx, actor.id!))
  bind(app, ctx, views.setPreferences, ({ actor, body }) => writePreferences(ctx, actor.id!, body))
  bind(app, ctx, ownAccount.sessions, async ({ actor }) => ({
    data: (await listSessions(ctx, actor.id!)).map((s) => ({ ...s, is_this: s.id === actor.sessionId })),
  }))
  bind(app, ctx, ownAccount.endSession, async ({ params, actor }) => {
    if (!(await closeSessionOf(ctx, actor.id!, params.id))) throw notFound('session', params.id)
    return undefined
  })
  bind(app, ctx, ownAccount.endOtherSessions, async ({ actor }) => ({
    ended: await closeSessionsOf(ctx.pool, actor.id!, 'by_user', ctx.clock(), actor.sessionId ?? null),
  }))
  bind(app, ctx, ownAccount.beginSecondFactor, async ({ actor, body, request, reply }) => {
    void reply.header('cache-control', 'no-store')
    await requirePassword(ctx, actor, 'password', body.password, request, reply)
    return beginSecondFactor(ctx, actor.id!)
  })
  bind(app, ctx, ownAccount.confirmSecondFactor, async ({ actor, body, request, reply }) => {
    void reply.header('cache-control', 'no-store')
    await countAttempt(ctx, { what: 'second_factor', account: actor.id, ip: request.ip }, reply)
    return { recovery_codes: await confirmSecondFactor(ctx, actor, actor.id!, body.code) }
  })
  bind(app, ctx, ownAccount.removeSecondFactor, async ({ actor, body, request, reply }) => {
    await requirePassword(ctx, actor, 'password', body.password, request, reply)
    await withTx(ctx.pool, (tx) => removeSecondFactor(tx, actor, actor.id!))
    return undefined
  })
  bind(app, ctx, ownAccount.newRecoveryCodes, async ({ actor, body, request, reply }) => {
    void reply.header('cache-control', 'no-store')
    await requirePassword(ctx, actor, 'password', body.password, request, reply)
    return { recovery_codes: await renewRecoveryCodes(ctx, actor, actor.id!) }
  })
}

const peopleRoutes: Routes = (app, ctx) => {
  bind(app, ctx, people.list, async ({ actor }) => ({ data: await listPeople(ctx, actor) }))
  bind(app, ctx, people.invite, ({ actor, body, reply }) => {
    void reply.header('cache-control', 'no-store')
    return invitePerson(ctx, actor, body)
  })
  bind(app, ctx, people.inviteAgain, ({ actor, params, reply }) => {
    void reply.header('cache-control', 'no-store')
    return inviteAgain(ctx, actor, params.id)
  })
  bind(app, ctx, people.change, ({ actor, params, body }) => changePerson(ctx, actor, params.id, body))
  bind(app, ctx, people.dropSecondFactor, async ({ actor, params }) => {
    await dropSecondFactor(ctx, actor, params.id)
    return undefined
  })
  bind(app, ctx, people.signOut, async ({ actor, params }) => {
    await signOut(ctx, actor, params.id)
    return undefined
  })
}

const auditRoutes: Routes = (app, ctx) => {
  bind(app, ctx, audit.list, ({ query }) => listAudit(ctx, query))
  bind(app, ctx, audit.export, async ({ query, actor, reply }) => {
    const stream = await exportAudit(ctx, actor, query)
    return reply
      .type('text/csv; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('content-disposition', 'attachment; filename="audit.csv"')
      .send(stream) as never
  })
  bind(app, ctx, audit.state, () => auditState(ctx))
  bind(app, ctx, audit.verify, ({ actor }) => startJob(ctx, actor, 'audit_verify', {}))
}
