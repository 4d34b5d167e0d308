import type { Preferences } from '#contract/views.ts'
import { Preferences as Schema } from '#contract/views.ts'
import type { Ctx } from '../context.ts'

/** What a user likes; what an older version kept and this one does not know is left out. */
export async function readPreferences(ctx: Ctx, userId: string): Promise<Preferences> {
  const { rows } = await ctx.pool.query<{ value: unknown }>(
    'select p.value from user_preferences as p where p.user_id = $1',
    [userId],
  )
  const known = Schema.safeParse(rows[0]?.value ?? {})
  return known.success ? known.data : {}
}

/** Changes what is named: the density, or a table as a whole. Two browsers that change different tables both count. */
export async function writePreferences(ctx: Ctx, userId: string, change: Preferences): Promise<Preferences> {
  const { tables, ...rest } = change
  await ctx.pool.query(
    `insert into user_preferences as p (user_id, value) values ($1, $2::jsonb || jsonb_build_object('tables', $3::jsonb))
     on conflict (user_id) do update set
       value = p.value || $2::jsonb || jsonb_build_object('tables', coalesce(p.value -> 'tables', '{}') || $3::jsonb), updated_at = now()`,
    [userId, JSON.stringify(rest), JSON.stringify(tables ?? {})],
  )
  return readPreferences(ctx, userId)
}
