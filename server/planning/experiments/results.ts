import type { experiments } from '#contract/experiments.ts'
import { ExperimentResult } from '#contract/experiments.ts'
import type { Answer } from '#contract/http.ts'
import { allocate, mostBanditArms, probabilityBest } from '#core/experiments/bandit.ts'
import { readTest } from '#core/experiments/read-test.ts'
import type { Ctx } from '../../context.ts'
import { readSetting } from '../../settings.ts'
import { countedUntil, readArms } from './arms-data.ts'
import { findExperiment, shownExperiment, type StoredExperiment } from './store.ts'

export type Result = Answer<typeof experiments.results>

/** What the test says as of now; of a decided one, what it said then. Throws not_found. */
export async function readResults(ctx: Ctx, id: string): Promise<Result> {
  return resultsOf(ctx, await findExperiment(ctx.pool, id))
}

export async function resultsOf(ctx: Ctx, e: StoredExperiment): Promise<Result> {
  const experiment = shownExperiment(e)
  const now = ctx.clock()
  const waiting = await countWaiting(ctx, e)
  const note = rolloutNote(e)
  if (e.status === 'finished') {
    const kept = ExperimentResult.omit({ experiment: true }).safeParse(e.kept)
    if (kept.success) return { ...kept.data, experiment, waiting_messages: waiting, rollout_note: note }
  }
  if (!e.campaign_started_at) {
    return {
      experiment,
      as_of: now,
      is_final: false,
      outcome: 'waiting',
      winner: null,
      verdict: 'It begins when the campaign starts.',
      srm_p: null,
      cuped_reduction_pct: 0,
      weeks_needed: null,
      guard: null,
      arms: [],
      next_shares: null,
      waiting_messages: 0,
      rollout_note: note,
    }
  }
  const shop = await readSetting(ctx.pool, 'shop')
  const arms = await readArms(ctx, e)
  const until = await countedUntil(ctx, e)
  const elapsed = (Math.min(now.getTime(), until.getTime()) - e.campaign_started_at.getTime()) / (7 * 86_400_000)
  const read = readTest(arms, {
    metric: e.metric,
    minEffect: e.min_effect,
    weeks: Math.max(1, elapsed),
    currency: shop.currency,
  })
  const learns = read.outcome !== 'broken' && e.metric !== 'revenue' && arms.length <= mostBanditArms
  const shares = arms.map((a) => ({ successes: Math.min(a.data.y, a.data.n), n: a.data.n }))
  const pct = (share: number): number => Math.round(share * 1000) / 10
  const best = learns ? probabilityBest(shares) : []
  return {
    ...read,
    experiment,
    as_of: now,
    is_final: now >= until,
    next_shares: learns
      ? allocate(shares).map((share, i) => ({ key: arms[i]!.key, best_pct: pct(best[i]!), share_pct: pct(share) }))
      : null,
    waiting_messages: waiting,
    rollout_note: note,
  }
}

async function countWaiting(ctx: Ctx, e: StoredExperiment): Promise<number> {
  if (!e.campaign_id) return 0
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from sends as s where s.campaign_id = $1 and s.status = 'pending'`,
    [e.campaign_id],
  )
  return rows[0]!.n
}

/** Words can be changed in a message that waits; another offer, hour or channel would have to pass the gate again. */
export function rolloutNote(e: Pick<StoredExperiment, 'dimension'>): string | null {
  return e.dimension === 'subject' || e.dimension === 'template'
    ? null
    : 'Messages already made keep their offer, time and channel: those were checked against the law one by one. The winner is for the next plan.'
}
