import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import type { signup, SignupForm } from '#contract/signup.ts'
import type { Received } from '#contract/http.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { AppError, InputError, notFound } from '../../http/errors.ts'

type Shown = z.input<typeof SignupForm>
type Input = Received<typeof signup.createForm>['body']

export const countColumns = ['shown', 'sent', 'confirmed', 'under_age', 'robots', 'closed'] as const
const sums = (where: string): string =>
  `(select jsonb_build_object(${countColumns.map((c) => `'${c}', coalesce(sum(n.${c}), 0)`).join(', ')}) from signup_counts as n where ${where})`

const columns = `f.id, f.key, f.name, f.store_id, f.channels, f.headline, f.intro, f.thanks, f.asks_name, f.asks_zip, f.sites, f.is_active, f.created_at, f.updated_at,
  (select s.name from stores as s where s.id = f.store_id) as store_name, ${sums(`n.form_id = f.id and n.day > ($1::timestamptz at time zone 'UTC')::date - 30`)} as counts`
const withUrl = (ctx: Pick<Ctx, 'config'>, form: Omit<Shown, 'url'>): Shown => ({
  ...form,
  url: `${ctx.config.publicUrl}/s/${form.key}`,
})

/** Every form, those in use first. */
export async function listForms(ctx: Ctx): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Omit<Shown, 'url'>>(
    `select ${columns} from signup_forms as f order by f.is_active desc, f.created_at limit 200`,
    [ctx.clock()],
  )
  return rows.map((row) => withUrl(ctx, row))
}

/** Throws not_found. */
export async function readForm(ctx: Ctx, id: string, client: ClientBase | Pool = ctx.pool): Promise<Shown> {
  const { rows } = await client.query<Omit<Shown, 'url'>>(`select ${columns} from signup_forms as f where f.id = $2`, [
    ctx.clock(),
    id,
  ])
  if (!rows[0]) throw notFound('sign-up form', id)
  return withUrl(ctx, rows[0])
}

const writable = [
  'name',
  'store_id',
  'channels',
  'headline',
  'intro',
  'thanks',
  'asks_name',
  'asks_zip',
  'sites',
  'is_active',
] as const

/** Throws conflict when the key is taken, InputError for an unknown store. */
export async function createForm(ctx: Ctx, actor: Actor, input: Input): Promise<Shown> {
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await guarded(
      tx.query<{ id: string }>(
        `insert into signup_forms (key, created_by, ${writable.join(', ')}) values ($1, $2, ${writable.map((_, i) => `$${i + 3}`).join(', ')}) returning id`,
        [input.key, actor.kind === 'user' ? actor.id : null, ...writable.map((name) => input[name])],
      ),
    )
    const id = rows[0]!.id
    await audit(tx, actor, { action: 'signup_form.created', entity: 'signup_form', entityId: id, after: input })
    return readForm(ctx, id, tx)
  })
}

/** Throws not_found, InputError for an unknown store. */
export async function updateForm(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Received<typeof signup.updateForm>['body'],
): Promise<Shown> {
  return withTx(ctx.pool, async (tx) => {
    const before = await readForm(ctx, id, tx)
    const names = writable.filter((name) => change[name] !== undefined)
    if (names.length > 0)
      await guarded(
        tx.query(
          `update signup_forms set ${names.map((name, i) => `${name} = $${i + 2}`).join(', ')}, updated_at = now() where id = $1`,
          [id, ...names.map((name) => change[name])],
        ),
      )
    await audit(tx, actor, {
      action: 'signup_form.changed',
      entity: 'signup_form',
      entityId: id,
      before: Object.fromEntries(names.map((name) => [name, before[name]])),
      after: change,
    })
    return readForm(ctx, id, tx)
  })
}

/** A form day by day, by way and by store. Throws not_found. */
export async function readFigures(ctx: Ctx, id: string, days: number): Promise<z.input<typeof signup.figures.reply>> {
  await readForm(ctx, id)
  const all = countColumns.map((c) => `coalesce(sum(n.${c}), 0)::int as ${c}`).join(', ')
  const since = `n.form_id = $1 and n.day > ($2::timestamptz at time zone 'UTC')::date - $3::int`
  const [byDay, byWay, byStore, waiting] = await Promise.all([
    ctx.pool.query<z.input<typeof signup.figures.reply>['days'][number]>(
      `select to_char(d.day, 'YYYY-MM-DD') as day, ${all}
       from generate_series(($2::timestamptz at time zone 'UTC')::date - $3::int + 1, ($2::timestamptz at time zone 'UTC')::date, interval '1 day') as d(day)
       left join signup_counts as n on n.form_id = $1 and n.day = d.day::date group by d.day order by d.day`,
      [id, ctx.clock(), days],
    ),
    ctx.pool.query<z.input<typeof signup.figures.reply>['ways'][number]>(
      `select n.via, ${all} from signup_counts as n where ${since} group by n.via order by n.via`,
      [id, ctx.clock(), days],
    ),
    ctx.pool.query<z.input<typeof signup.figures.reply>['stores'][number]>(
      `select g.store_id, s.name as store_name, count(*)::int as confirmed from signups as g left join stores as s on s.id = g.store_id
       where g.form_id = $1 and g.status = 'confirmed' and g.confirmed_at > $2::timestamptz - make_interval(days => $3) group by 1, 2 order by 3 desc`,
      [id, ctx.clock(), days],
    ),
    ctx.pool.query<{ n: number }>(
      `select count(*)::int as n from signups as g where g.form_id = $1 and g.status = 'pending'`,
      [id],
    ),
  ])
  return { days: byDay.rows, ways: byWay.rows, stores: byStore.rows, waiting: waiting.rows[0]!.n }
}

async function guarded<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === '23505')
      throw new AppError('conflict', 'Another form has this address already; choose another one.', { field: 'key' })
    if (code === '23503') throw new InputError([{ path: 'store_id', message: 'There is no such store.' }])
    throw error
  }
}
