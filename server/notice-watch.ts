import type { Ctx } from './context.ts'
import { addNotices, type NewNotice } from './notices.ts'

interface Found {
  kind: string
  level: NewNotice['level']
  key: string
  user_id: string | null
  least_role: NonNullable<NewNotice['leastRole']>
  facts: NewNotice['facts']
  path: string | null
}

/** So far back things are looked for; what has a notice already has its key. */
const window = `$1::timestamptz - interval '1 day'`

// One line per thing: kind, level, key, whom, facts, where it leads. Each part reads a few rows by an index or a small table.
const watched = `
  select case i.status when 'succeeded' then 'import_done' else 'import_failed' end as kind, case i.status when 'succeeded' then 'good' else 'risk' end as level,
    'import:' || i.id as key, null::uuid as user_id, 'manager' as least_role,
    jsonb_build_object('source', i.source, 'new', i.rows_new, 'changed', i.rows_changed, 'rejected', i.rows_rejected) as facts, '/customers/imports' as path
  from imports as i where i.finished_at > ${window} and i.status in ('succeeded', 'failed') and not i.dry_run and i.id > uuidv7_floor(${window} - interval '1 day')
  union all
  select 'job_failed', 'risk', 'job:' || j.id, j.created_by, 'manager', jsonb_build_object('what', initcap(replace(j.kind, '_', ' '))), null
  from jobs as j where j.status = 'failed' and j.finished_at > ${window} and j.id > uuidv7_floor(${window} - interval '1 day') and j.kind <> 'import'
  union all
  select 'export_ready', 'good', 'export:' || e.id, e.created_by, 'manager', jsonb_build_object('rows', e.rows), '/customers/exports'
  from exports as e where e.status = 'ready' and e.finished_at > ${window} and e.id > uuidv7_floor(${window} - interval '1 day') and e.created_by is not null and e.kind = 'customers'
  union all
  select 'campaign_completed', 'good', 'campaign:' || c.id || ':' || extract(epoch from c.finished_at)::bigint, null, 'user',
    jsonb_build_object('name', c.name, 'completed', c.completed_sends, 'total', c.total_sends, 'failed', c.failed_sends), '/campaigns/' || c.id
  from campaigns as c where c.status = 'completed' and c.finished_at > ${window}
  union all
  select case p.kind when 'smtp' then 'mailbox_broken' else 'hooks_refused' end, 'warn', 'hooks:' || p.id || ':' || (h.last_refused_at at time zone 'UTC')::date, null, 'admin',
    jsonb_build_object('provider', p.name), '/settings/channels'
  from provider_hooks as h join channel_providers as p on p.id = h.provider_id where h.last_refused_at > $1::timestamptz - interval '15 minutes' and p.removed_at is null
  union all
  select 'till_parked', 'warn', 'till:' || g.id || ':' || ($1::timestamptz at time zone 'UTC')::date, null, 'manager', jsonb_build_object('till', g.name, 'count', x.n), '/settings/tills/' || g.id
  from integrations as g cross join lateral (select count(*) as n, max(t.processed_at) as at from till_hooks as t where t.integration_id = g.id and t.status = 'parked') as x
  where x.n > 0 and x.at > ${window}
  union all
  select 'replies', 'info', 'replies:' || (x.at at time zone 'UTC')::date, null, 'user', jsonb_build_object('count', x.n), '/replies'
  from (select count(*) as n, max(m.received_at) as at from inbound_messages as m where not m.is_read and m.meaning = 'other' and m.id > uuidv7_floor(${window})) as x where x.n > 0
  union all
  select 'draw_broken', 'risk', 'draw:' || e.id, null, 'manager', jsonb_build_object('name', e.name), '/experiments/' || e.id
  from experiments as e where e.kind = 'ab' and e.status = 'running' and jsonb_typeof(e.arms) = 'object' and e.arms ->> 'outcome' = 'broken'
  union all
  select 'test_decided', 'good', 'decided:' || e.id, null, 'manager', jsonb_build_object('name', e.name), '/experiments/' || e.id
  from experiments as e where e.kind = 'ab' and e.status = 'finished' and e.winner is not null and e.finished_at > ${window}
  union all
  select 'rollup_mismatch', 'warn', 'rollups:' || extract(epoch from r.reconciled_at)::bigint, null, 'admin', jsonb_build_object('count', r.mismatches), null
  from rollup_state as r where r.mismatches > 0 and r.reconciled_at > ${window}
  union all
  select 'report_failed', 'warn', 'report:' || s.id || ':' || extract(epoch from s.last_at)::bigint, null, 'manager', jsonb_build_object('name', s.name), '/analytics'
  from report_schedules as s where s.last_error is not null and s.last_at > ${window}`

/** The worker's turn: what happened that somebody should know, and has no notice yet. */
export async function watchForNotices(ctx: Ctx): Promise<number> {
  const { rows } = await ctx.pool.query<Found>({
    name: 'what people should know',
    text: `select w.* from (${watched}) as w where not exists (select from notices as n where n.key = w.key)`,
    values: [ctx.clock()],
  })
  return addNotices(
    ctx.pool,
    rows.map((r) => ({
      kind: r.kind,
      level: r.level,
      key: r.key,
      userId: r.user_id,
      leastRole: r.least_role,
      facts: r.facts,
      path: r.path,
    })),
  )
}

/** Notices are news: after 60 days they are none. */
export async function forgetNotices(ctx: Ctx): Promise<void> {
  await ctx.pool.query(`delete from notices as n where n.created_at < $1::timestamptz - interval '60 days'`, [
    ctx.clock(),
  ])
}
