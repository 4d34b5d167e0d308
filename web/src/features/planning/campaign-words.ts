import { call, type ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi } from '../../lib/query.ts'
import type { Endpoints } from '../../lib/contract.ts'
import type { Sent } from '#contract/http.ts'
import type { SegmentNames } from './plan-words.ts'

export type CampaignRow = ReplyOf<'GET /api/v1/campaigns'>['data'][number]
export type Campaign = ReplyOf<'GET /api/v1/campaigns/:id'>
export type CampaignAnalytics = ReplyOf<'GET /api/v1/campaigns/:id/analytics'>
export type StoredOffer = ReplyOf<'GET /api/v1/offers'>['data'][number]
export type PlanOperation = Sent<Endpoints['PATCH /api/v1/campaigns/:id/plan']>['body']['operations'][number]
export type PlanReply = ReplyOf<'PATCH /api/v1/campaigns/:id/plan'>

export const campaignStatuses = ['draft', 'approved', 'scheduled', 'active', 'paused', 'completed', 'cancelled'] as const
export const isEditable = (status: Campaign['status']): boolean => ['draft', 'approved', 'scheduled'].includes(status)
export const hasStarted = (status: Campaign['status']): boolean => ['active', 'paused', 'completed'].includes(status)

const engines: Record<Campaign['engine'], string> = { heuristic: 'Rule-based planner', llm: 'Language model', manual: 'By hand' }
export const engineWord = (engine: Campaign['engine']): string => t(engines[engine])

/** Applies operations to the plan as it was seen; refuses (412) when somebody changed it meanwhile. */
export async function editPlan(campaign: Pick<Campaign, 'id' | 'plan_version'>, operations: PlanOperation[]): Promise<PlanReply> {
  const reply = (await call('PATCH /api/v1/campaigns/:id/plan', { params: { id: campaign.id }, body: { operations } }, { headers: { 'if-match': `"${campaign.plan_version}"` } })) as PlanReply
  await refresh('GET /api/v1/campaigns')
  return reply
}

/** Names of all segments by their key. */
export function useSegmentNames(): SegmentNames {
  const segments = useApi('GET /api/v1/segments', { query: { page_size: 200 } }, { staleMs: 300_000 })
  return new Map(segments.data?.data.map((s) => [s.key, s.name]))
}
