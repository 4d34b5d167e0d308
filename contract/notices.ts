import { z } from 'zod'
import { Flag, Id, Instant } from './common.ts'
import { route } from './http.ts'

/** What happened that somebody should know. Words are made of `kind` and `facts` (core/notices.ts). */
export const Notice = z.strictObject({
  id: Id,
  kind: z.string(),
  level: z.enum(['info', 'good', 'warn', 'risk']),
  facts: z.record(z.string(), z.unknown()),
  /** in plain English, for programs */
  text: z.string(),
  /** page of the UI it leads to */
  path: z.string().nullable(),
  is_read: z.boolean(),
  created_at: Instant,
})
export type Notice = z.infer<typeof Notice>

const tag = 'Notices'
export const notices = {
  list: route({
    method: 'GET',
    path: '/api/v1/notices',
    access: 'user',
    tag,
    summary: 'Notices for you, newest first; `WS /ws/notifications` tells of new ones',
    description:
      'The socket takes `{"token", "after"}` as its first message; `after` is the id of the last notice that was seen, and everything since is sent again, at least once. Kept for 60 days.',
    query: z.strictObject({
      cursor: Id.optional(),
      page_size: z.coerce.number().int().min(1).max(100).default(30),
      unread: Flag.optional(),
    }),
    reply: z.strictObject({ data: z.array(Notice), unread: z.int(), next_cursor: Id.nullable() }),
  }),
  read: route({
    method: 'POST',
    path: '/api/v1/notices/read',
    access: 'user',
    tag,
    summary: 'Mark notices as read: these, or all up to one',
    body: z
      .strictObject({ ids: z.array(Id).min(1).max(100).optional(), up_to: Id.optional() })
      .refine((b) => (b.ids === undefined) !== (b.up_to === undefined), 'Give ids or up_to.'),
    reply: z.strictObject({ read: z.int(), unread: z.int() }),
  }),
}
