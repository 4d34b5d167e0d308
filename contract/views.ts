import { z } from 'zod'
import { Id, IdParams, Instant } from './common.ts'
import { route } from './http.ts'
import { CustomerFilter } from './knowledge.ts'

/** A filter of the customer list with its order and columns, under a name. */
export const View = z.strictObject({
  id: Id,
  name: z.string(),
  is_shared: z.boolean(),
  /** the caller made it */
  is_own: z.boolean(),
  owner: z.string().nullable(),
  filters: z.record(z.string(), z.unknown()),
  sort: z.string().nullable(),
  /** shown columns in their order; null: as each user likes it */
  columns: z.array(z.string()).nullable(),
  /** how many customers it finds now; an estimate beyond 10,000 */
  customers: z.int(),
  customers_is_exact: z.boolean(),
  updated_at: Instant,
})
export type View = z.infer<typeof View>

const ViewInput = z.strictObject({
  name: z.string().trim().min(1, 'Give it a name.').max(60),
  filters: CustomerFilter,
  sort: z.string().max(200).nullable().optional(),
  columns: z.array(z.string().max(40)).min(1).max(40).nullable().optional(),
  /** everybody who signs in sees it */
  is_shared: z.boolean().optional(),
})
export type ViewInput = z.output<typeof ViewInput>

/** How one user likes one table; what is absent is as the table comes. */
const TableTaste = z.strictObject({
  /** shown columns, in this order */
  columns: z.array(z.string().max(40)).max(60).optional(),
})
export const Preferences = z.strictObject({
  density: z.enum(['compact', 'normal', 'comfortable']).optional(),
  tables: z.record(z.string().regex(/^[a-z_]{1,40}$/), TableTaste).optional(),
})
export type Preferences = z.infer<typeof Preferences>

const tag = 'Views'
export const views = {
  list: route({
    method: 'GET',
    path: '/api/v1/views',
    access: 'user',
    tag,
    summary: 'Saved views of the customer list, own and shared, with how many customers each finds now',
    reply: z.strictObject({ data: z.array(View) }),
  }),
  create: route({
    method: 'POST',
    path: '/api/v1/views',
    access: 'user',
    tag,
    status: 201,
    summary: 'Save a view; sharing it needs the role manager',
    body: ViewInput,
    reply: View,
  }),
  update: route({
    method: 'PATCH',
    path: '/api/v1/views/:id',
    access: 'user',
    tag,
    summary: 'Change a view: its own user, and managers a shared one',
    params: IdParams,
    body: ViewInput.partial(),
    reply: View,
  }),
  remove: route({
    method: 'DELETE',
    path: '/api/v1/views/:id',
    access: 'user',
    tag,
    status: 204,
    summary: 'Remove a view; the customers stay',
    params: IdParams,
  }),
  preferences: route({
    method: 'GET',
    path: '/api/v1/users/me/preferences',
    access: 'user',
    tag: 'Accounts',
    summary: 'How the caller likes tables: columns with their order, and density',
    reply: Preferences,
  }),
  setPreferences: route({
    method: 'PATCH',
    path: '/api/v1/users/me/preferences',
    access: 'user',
    tag: 'Accounts',
    summary: 'Change some of them; each table that is named is replaced',
    body: Preferences,
    reply: Preferences,
  }),
}
