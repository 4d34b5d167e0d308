import { localDate, type Day } from '#core/calendar.ts'
import { evidenceFromBytes, evidenceToBytes } from '#core/planning/evidence-bytes.ts'
import { collectEvidence, type Evidence } from '#core/planning/evidence.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { countResults, findResults } from './results.ts'

/** Says which days were counted, and when: the same text means the same results. */
const madeOf = `(select coalesce(md5(string_agg(concat_ws(' ', d.day, extract(epoch from d.first_at), extract(epoch from d.later_at)), ',' order by d.day)), 'none') from plan_result_days as d)`

/**
 * All results put together as the planner takes them. A large shop has hundreds of thousands of rows, so the sum is kept
 * until more days are counted; two that find it out of date make the same one.
 */
export async function readEvidence({ pool }: Pick<Ctx, 'pool'>, today: Day): Promise<Evidence> {
  const { rows: kept } = await pool.query<{ evidence: Buffer }>(
    `select e.evidence from plan_evidence as e where e.made_of = ${madeOf}`,
  )
  if (kept[0]) return evidenceFromBytes(kept[0].evidence)
  const { rows } = await pool.query<{ made_of: string }>(`select ${madeOf} as made_of`)
  const evidence = collectEvidence(await findResults(pool, today))
  await pool.query(
    `insert into plan_evidence as e (made_of, evidence) values ($1, $2) on conflict (only_one) do update set made_of = excluded.made_of, evidence = excluded.evidence`,
    [rows[0]!.made_of, Buffer.from(evidenceToBytes(evidence).buffer)],
  )
  return evidence
}

/** Counts what is due and puts it together, so that the next plan finds it ready. */
export async function learnFromResults(ctx: Ctx): Promise<void> {
  await countResults(ctx)
  const { time_zone: zone } = await readSetting(ctx.pool, 'shop')
  await readEvidence(ctx, localDate(ctx.clock(), zone))
}
