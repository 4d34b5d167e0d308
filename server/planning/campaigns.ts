import type { ClientBase, Pool } from 'pg'
import type { Campaign, CampaignRow } from '#contract/planning.ts'
import type { WeeklyPlan } from '#core/planning/plan.ts'
import type { CampaignMove, CampaignStatus } from '#core/planning/lifecycle.ts'
import { moveCampaign } from '#core/planning/lifecycle.ts'
import { AppError, notFound } from '../http/errors.ts'

type Stored<T> = Omit<T, 'approved_at' | 'started_at' | 'hold_until' | 'finished_at' | 'created_at' | 'updated_at'> & {
  hold_until: Date | null
  approved_at: Date | null
  started_at: Date | null
  finished_at: Date | null
  created_at: Date
  updated_at: Date
}
export interface StoredCampaign extends Stored<Campaign> {
  customer_ids: string[] | null
  only_segments: string[] | null
}

const rowColumns = `c.id, c.name, c.description, c.type, c.status, c.start_date, c.end_date, c.target_segments, c.engine, c.engine_note, c.plan_version, c.holdout_share::float8 as holdout_share,
  (c.weekly_plan #>> '{reach,-1,left}')::int as planned_reach, (c.weekly_plan #>> '{forecast,margin_cents,mid}')::float8::bigint as planned_margin_cents,
  c.total_sends, c.completed_sends, c.failed_sends, c.opens, c.clicks, c.conversions, c.revenue_cents, c.pause_reason, approver.full_name as approved_by_name, c.approved_at,
  c.started_at, c.hold_until, c.finished_at, c.is_demo, c.created_at, c.updated_at`

/** Throws not_found. `lock` holds the row against other changes until the transaction ends. */
export async function findCampaign(client: ClientBase | Pool, id: string, lock = false): Promise<StoredCampaign> {
  const { rows } = await client.query<StoredCampaign>(
    `select ${rowColumns}, c.target_kpis, c.resend_unknown, c.weekly_plan, c.customer_ids, c.only_segments from campaigns as c left join users as approver on approver.id = c.approved_by
     where c.id = $1 ${lock ? 'for update of c' : ''}`,
    [id],
  )
  if (!rows[0]) throw notFound('campaign', id)
  return rows[0]
}

/** As the API shows it: without the lists of customers and segments a plan may be limited to. */
export async function shownCampaign(client: ClientBase | Pool, id: string): Promise<Stored<Campaign>> {
  const { customer_ids: _, only_segments: __, ...campaign } = await findCampaign(client, id)
  return campaign
}

export interface CampaignFilter {
  page: number
  page_size: number
  status?: string[] | undefined
  q?: string | undefined
  is_demo?: boolean | undefined
  cursor?: string | undefined
}

/** Newest first; a cursor is the id of the last one seen. */
export async function listCampaigns(
  client: ClientBase | Pool,
  filter: CampaignFilter,
): Promise<{ data: Stored<CampaignRow>[]; total: number; next: string | null }> {
  const where = `($1::text[] is null or c.status = any($1)) and ($2::text is null or c.name ilike '%' || $2 || '%') and ($3::boolean is null or c.is_demo = $3)`
  const args = [
    filter.status?.length ? filter.status : null,
    filter.q?.replace(/[\\%_]/g, '\\$&') ?? null,
    filter.is_demo ?? null,
  ]
  const { rows } = await client.query<Stored<CampaignRow>>(
    `select ${rowColumns} from campaigns as c left join users as approver on approver.id = c.approved_by
     where ${where} and ($4::uuid is null or c.id < $4) order by c.id desc limit $5 offset $6`,
    [...args, filter.cursor ?? null, filter.page_size + 1, filter.cursor ? 0 : (filter.page - 1) * filter.page_size],
  )
  const { rows: count } = await client.query<{ n: number }>(
    `select count(*) as n from campaigns as c where ${where}`,
    args,
  )
  const data = rows.slice(0, filter.page_size)
  return { data, total: count[0]!.n, next: rows.length > filter.page_size ? data.at(-1)!.id : null }
}

/** Where the move leads; throws conflict with the reason when it is not possible. */
export function checkMove(campaign: { id: string; status: CampaignStatus }, move: CampaignMove): CampaignStatus {
  const answer = moveCampaign(campaign.status, move)
  if ('refused' in answer) throw new AppError('conflict', answer.refused, { id: campaign.id, status: campaign.status })
  return answer.to
}

/** The plan of a campaign that has one; throws conflict. */
export function planOf(campaign: StoredCampaign): WeeklyPlan {
  if (!campaign.weekly_plan)
    throw new AppError('conflict', 'The campaign has no plan yet. Generate one first.', { id: campaign.id })
  return campaign.weekly_plan
}
