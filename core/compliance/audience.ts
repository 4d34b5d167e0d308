import type { Policy } from './policy.ts'
import type { Verdict } from './verdict.ts'

/**
 * Self-regulation of the trade for advertisements in other media: so much of the audience must be of age. Our own
 * messages go to known adults only, so this is asked for a placement, never for a send.
 * @param share of the audience that is 21 or over, 0..1; null when nobody knows
 */
export function checkAudience(share: number | null, policy: Policy): Verdict[] {
  return policy.rules.flatMap((rule): Verdict[] => {
    const least = rule.params.min_share_21plus
    if (rule.type !== 'audience_share' || least === undefined || (share !== null && share >= least)) return []
    const asked = `${Math.round(least * 1000) / 10}%`
    const isHeld = rule.effect === 'block' || (share === null && policy.unknown_effect === 'hold')
    return [
      {
        outcome: isHeld ? 'deny' : 'warn',
        rule_id: rule.id,
        summary:
          share === null
            ? `It is not known how much of the audience is 21 or over; the trade’s codes ask for ${asked}.`
            : `${Math.round(share * 1000) / 10}% of the audience are 21 or over; the trade’s codes ask for ${asked}.`,
        source: rule.source,
        confidence: rule.confidence,
        cure: 'Choose a placement with an older audience, or write to your own customers of proven age.',
      },
    ]
  })
}
