import { z } from 'zod'

/**
 * What a rule says about one message to one person. `deny` and `defer` stop it, `require` adds a text the
 * renderer must carry, `warn` lets it pass but is shown, `allow` is only listed when it explains something.
 */
export const Verdict = z.strictObject({
  outcome: z.enum(['allow', 'warn', 'require', 'defer', 'deny']),
  rule_id: z.string(),
  /** one sentence a shopkeeper understands */
  summary: z.string(),
  /** statute, regulator page or "shop setting" */
  source: z.string(),
  confidence: z.enum(['high', 'medium', 'low']),
  /** what would make it legal */
  cure: z.string().optional(),
  /** for defer: not before this instant, UTC */
  until: z.iso.datetime().optional(),
  /** for require: the text */
  text: z.string().optional(),
})
export type Verdict = z.infer<typeof Verdict>

/** The verdict that decides: the first deny, else the latest defer, else null (may go; `require` and `warn` go along). */
export function decisive(verdicts: readonly Verdict[]): Verdict | null {
  const denied = verdicts.find((v) => v.outcome === 'deny')
  if (denied) return denied
  const deferred = verdicts.filter((v) => v.outcome === 'defer')
  return deferred.reduce<Verdict | null>(
    (latest, v) => (!latest || (v.until ?? '') > (latest.until ?? '') ? v : latest),
    null,
  )
}

const order: readonly Verdict['outcome'][] = ['deny', 'defer', 'warn', 'require', 'allow']
/** The outcome people must know first: what needs them stands before texts that are added by themselves. */
export function worst(verdicts: readonly Verdict[]): Verdict['outcome'] {
  return order.find((outcome) => verdicts.some((v) => v.outcome === outcome)) ?? 'allow'
}
