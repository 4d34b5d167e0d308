import { describeGroups } from '#core/planning/groups.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { channelWord } from '../../ui/pill.tsx'

/** Whom the entry speaks to inside its segment; null: to everybody. */
export function audienceWord(entry: PlanEntry): string | null {
  const words = entry.audience ? describeGroups(entry.audience) : null
  return words ? t('Those who {words}', { words }) : null
}

const perHundred = (cents: number): string => money(Math.round(cents * 100)).replace('-', '\u2212')

/** What else was weighed for the same customers, and why it was left. */
export function Weighed({ entry }: { entry: PlanEntry }) {
  const others = entry.rejected ?? []
  if (others.length === 0) return null
  const own = entry.reach > 0 ? entry.forecast.margin_cents.mid / entry.reach : null
  return (
    <section>
      <h3 className="font-semibold">{t('What else was weighed')}</h3>
      <p className="pb-1 text-sm text-ink-2">{t('Extra margin of 100 messages to the same customers.')}</p>
      <ul className="divide-y divide-line text-sm">
        {own !== null && (
          <li className="flex justify-between gap-3 py-1.5 font-medium">
            <span>
              {t('{offer}, {channel} (chosen)', { offer: entry.offer.title, channel: channelWord(entry.channel) })}
            </span>
            <span className="shrink-0">{perHundred(own)}</span>
          </li>
        )}
        {others.map((o) => (
          <li key={o.channel + o.offer_title} className="py-1.5">
            <span className="flex justify-between gap-3">
              <span>{t('{offer}, {channel}', { offer: o.offer_title, channel: channelWord(o.channel) })}</span>
              <span className="shrink-0">{perHundred(o.margin_cents)}</span>
            </span>
            <span className="block text-ink-2">{o.reason}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
