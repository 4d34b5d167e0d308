import type { Refusal } from '#core/planning/plan.ts'
import { day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { channelWord } from '../../ui/pill.tsx'
import { segmentWord, type SegmentNames } from './plan-words.ts'
import { RuleSource } from './verdict-list.tsx'

/** Offers the checker refused, grouped by the rule that did. */
export function RefusedList({ refused, names }: { refused: readonly Refusal[]; names: SegmentNames }) {
  if (refused.length === 0)
    return <p className="text-ink-2">{t('Nothing was refused: every candidate was legal and within the limits.')}</p>
  const groups = [...Map.groupBy(refused, (r) => `${r.verdict.rule_id}\n${r.verdict.summary}`).values()].sort(
    (a, b) => b.length - a.length,
  )
  return (
    <ul className="space-y-4">
      {groups.map((group) => {
        const first = group[0]
        if (!first) return null
        const { verdict } = first
        return (
          <li key={verdict.rule_id + verdict.summary} className="border-l-3 border-risk pl-3">
            <p className="font-medium">{verdict.summary}</p>
            {verdict.cure && <p className="text-sm">{t('What helps: {cure}', { cure: verdict.cure })}</p>}
            <p className="text-sm text-ink-2">
              <RuleSource source={verdict.source} />
            </p>
            <details className="mt-1 text-sm">
              <summary className="min-h-6 text-ink-2">
                {t('{count, plural, one {# offer refused} other {# offers refused}}', { count: group.length })}
              </summary>
              <ul className="mt-1 space-y-0.5">
                {group.map((r) => (
                  <li key={`${r.segment}${r.channel}${r.offer_title}${r.day ?? ''}`}>
                    {r.offer_title}
                    <span className="text-ink-2">
                      {' · '}
                      {[segmentWord(r.segment, names), channelWord(r.channel), r.day ? day(r.day, 'weekday') : null]
                        .filter(Boolean)
                        .join(' · ')}
                    </span>
                  </li>
                ))}
              </ul>
            </details>
          </li>
        )
      })}
    </ul>
  )
}
