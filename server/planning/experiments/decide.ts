import { withTx } from '#db/pool.ts'
import { audit, systemActor, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { AppError, InputError } from '../../http/errors.ts'
import { readResults, resultsOf, rolloutNote, type Result } from './results.ts'
import { findExperiment } from './store.ts'

/** By itself a winner is taken no sooner than this after the start: one evening's buyers are not a week's. */
const leastMs = 2 * 86_400_000

/**
 * Takes a version: the figures of this moment are kept, the test ends, and messages that still wait get the winner's words
 * where words are what was tested. Deciding twice is a conflict.
 */
export async function decide(
  ctx: Ctx,
  actor: Actor,
  id: string,
  variant: string | null,
  reason: string | null,
): Promise<Result> {
  const seen = await findExperiment(ctx.pool, id)
  const { experiment: _, ...result } = await resultsOf(ctx, seen)
  await withTx(ctx.pool, async (tx) => {
    const e = await findExperiment(tx, id, true)
    if (e.status !== 'running')
      throw new AppError(
        'conflict',
        e.status === 'draft' ? 'The test has not started.' : 'The test is decided already.',
        {
          status: e.status,
        },
      )
    const chosen = variant === null ? null : e.variants.find((v) => v.key === variant)
    if (chosen === undefined) throw new InputError([{ path: 'variant', message: 'The test has no such version.' }])
    if (chosen && result.outcome === 'broken')
      throw new AppError('conflict', `${result.verdict} Stop the test instead.`, { srm_p: result.srm_p })
    let changed = 0
    if (chosen && rolloutNote(e) === null) {
      const { rowCount } = await tx.query(
        `update sends as s set template_id = coalesce($3::uuid, entry.template_id, s.template_id),
           variables = case when $4::text is null and s.text_id is null then s.variables - '_subject' else s.variables || jsonb_build_object('_subject', $4::text) end, updated_at = now()
         from every_action as a join campaigns as c on c.id = a.campaign_id
           left join lateral (select (x ->> 'template_id')::uuid as template_id from jsonb_array_elements(c.weekly_plan -> 'entries') as x where x ->> 'id' = a.plan_entry_id) as entry on true
         where s.campaign_id = $1 and s.status = 'pending' and a.campaign_id = $1 and a.send_id = s.id and a.variant is not null and a.variant <> $2`,
        [e.campaign_id, chosen.key, chosen.content.template_id ?? null, chosen.content.subject ?? null],
      )
      changed = rowCount ?? 0
    }
    const decision = [
      chosen
        ? `“${chosen.label}” was taken${actor.kind === 'system' ? ' automatically' : ''}.`
        : 'Stopped without a winner.',
      ...(changed > 0 ? [`${changed} waiting messages were changed to it.`] : []),
      ...(reason ? [reason] : []),
    ].join(' ')
    await tx.query(
      `update experiments set status = 'finished', winner = $2, decision = $3, arms = $4, finished_at = $5, updated_at = now() where experiments.id = $1`,
      [id, chosen?.key ?? null, decision, JSON.stringify({ ...result, is_final: true }), ctx.clock()],
    )
    await audit(tx, actor, {
      action: chosen ? 'experiment.decided' : 'experiment.stopped',
      entity: 'experiment',
      entityId: id,
      before: { status: e.status },
      after: { winner: chosen?.key ?? null, outcome: result.outcome, changed },
      ...(reason ? { reason } : {}),
    })
  })
  if (seen.campaign_id) await ctx.bus.publish(`campaign.${seen.campaign_id}`, { id: seen.campaign_id, test: id })
  return readResults(ctx, id)
}

/**
 * The worker's turn: looks at every running test and keeps what it says for "Needs you"; takes the clear winner of a test
 * that may decide by itself, unless a guard speaks against it.
 */
export async function decideAutomatically(ctx: Ctx): Promise<void> {
  const { rows } = await ctx.pool.query<{ id: string; rollout: 'manual' | 'auto'; started_at: Date }>(
    `select e.id, e.rollout, e.started_at from experiments as e where e.kind = 'ab' and e.status = 'running' order by e.id desc limit 50`,
  )
  const ripe = ctx.clock().getTime() - leastMs
  for (const { id, rollout, started_at } of rows) {
    const result = await readResults(ctx, id)
    await ctx.pool.query(
      `update experiments set arms = $2 where experiments.id = $1 and experiments.status = 'running'`,
      [id, JSON.stringify({ outcome: result.outcome, verdict: result.verdict, guard: result.guard })],
    )
    if (rollout !== 'auto' || started_at.getTime() > ripe) continue
    if (result.outcome === 'winner' && result.winner !== null && result.guard === null)
      await decide(ctx, systemActor, id, result.winner, result.verdict)
  }
}
