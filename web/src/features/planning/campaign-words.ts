import { call, type ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { queryClient, refresh, useApi } from '../../lib/query.ts'
import type { Endpoints } from '../../lib/contract.ts'
import type { Sent } from '#contract/http.ts'
import type { SegmentNames } from './plan-words.ts'

export type CampaignRow = ReplyOf<'GET /api/v1/campaigns'>['data'][number]
export type Campaign = ReplyOf<'GET /api/v1/campaigns/:id'>
export type CampaignAnalytics = ReplyOf<'GET /api/v1/campaigns/:id/analytics'>
export type PlanOperation = Sent<Endpoints['PATCH /api/v1/campaigns/:id/plan']>['body']['operations'][number]
export type PlanReply = ReplyOf<'PATCH /api/v1/campaigns/:id/plan'>

export const campaignStatuses = [
  'draft',
  'approved',
  'scheduled',
  'active',
  'paused',
  'completed',
  'cancelled',
] as const
export const isEditable = (status: Campaign['status']): boolean => ['draft', 'approved', 'scheduled'].includes(status)
export const hasStarted = (status: Campaign['status']): boolean => ['active', 'paused', 'completed'].includes(status)

const engines: Record<Campaign['engine'], string> = {
  heuristic: 'Rule-based planner',
  llm: 'Language model',
  manual: 'By hand',
}
export const engineWord = (engine: Campaign['engine']): string => t(engines[engine])

// Our own edits follow each other: a second press must not be refused because of the first one.
let before: Promise<unknown> = Promise.resolve()
const ownVersion = new Map<string, number>()

/** Applies operations to the plan as it was seen; refuses (412) when somebody else changed it meanwhile. */
export function editPlan(
  campaign: Pick<Campaign, 'id' | 'plan_version'>,
  operations: PlanOperation[],
): Promise<PlanReply> {
  const edit = before.then(() => sendEdit(campaign, operations))
  before = edit.catch(() => ownVersion.delete(campaign.id))
  return edit
}

async function sendEdit(
  { id, plan_version: seen }: Pick<Campaign, 'id' | 'plan_version'>,
  operations: PlanOperation[],
): Promise<PlanReply> {
  const version = Math.max(seen, ownVersion.get(id) ?? 0)
  const reply = (await call(
    'PATCH /api/v1/campaigns/:id/plan',
    { params: { id }, body: { operations } },
    { headers: { 'if-match': `"${version}"` } },
  )) as PlanReply
  ownVersion.set(id, reply.campaign.plan_version)
  // Shown before the lists are read again.
  queryClient.setQueryData(['GET /api/v1/campaigns/:id', { params: { id } }], reply.campaign)
  void refresh('GET /api/v1/campaigns')
  return reply
}

export type RuleWords = ReadonlyMap<string, string>
/** What each rule that shaped the plan says about the customers it keeps back. */
export function ruleWords(campaign: Campaign): RuleWords {
  const plan = campaign.weekly_plan
  const counted = plan?.entries.flatMap((e) => e.kept_back) ?? []
  const steps = plan?.reach ?? []
  return new Map([
    ...steps.flatMap((s) => (s.rule_id ? [[s.rule_id, s.label] as const] : [])),
    ...counted.map((k) => [k.rule_id, k.label] as const),
  ])
}

/** Names of all segments by their key. */
export function useSegmentNames(): SegmentNames {
  const segments = useApi('GET /api/v1/segments', { query: { page_size: 200 } }, { staleMs: 300_000 })
  return new Map(segments.data?.data.map((s) => [s.key, s.name]))
}
