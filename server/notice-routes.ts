import { notices } from '#contract/notices.ts'
import type { Actor } from './audit.ts'
import { bind, type Routes } from './http/bind.ts'
import { listNotices, markNotices, type Reader } from './notice-feed.ts'

// The routes are closed to API keys, so there is always a user.
const readerOf = (actor: Actor): Reader => ({ id: actor.id!, role: actor.role })

export const noticeRoutes: Routes = (app, ctx) => {
  bind(app, ctx, notices.list, ({ query, actor }) => listNotices(ctx.pool, readerOf(actor), query))
  bind(app, ctx, notices.read, ({ body, actor }) => markNotices(ctx.pool, readerOf(actor), body))
}
