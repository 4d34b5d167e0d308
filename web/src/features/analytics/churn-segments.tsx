import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Panel } from '../../ui/panel.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { rfmWord } from '../knowledge/customer-words.ts'
import type { Churn } from './churn-page.tsx'

type Segment = Churn['segments'][number]

/** Where the risk sits; pressing a segment narrows the list below. */
export function ChurnSegments({
  segments,
  chosen,
  onChoose,
}: {
  segments: readonly Segment[]
  chosen: string
  onChoose: (segment: string) => void
}) {
  return (
    <Panel title={t('By segment')} detail={t('Press one to see its customers below')} flush>
      <ScrollBox label={t('Churn by segment, scrolls sideways')}>
        <table className="w-full">
          <thead>
            <tr className="border-y border-line bg-sunken text-left">
              {[
                [t('Segment'), ''],
                [t('Customers'), 'text-right'],
                [t('Low, medium, high'), 'hidden sm:table-cell'],
                [t('Mean'), 'text-right'],
                [t('At stake'), 'pr-4 text-right'],
              ].map(([name, look]) => (
                <th key={name} scope="col" className={`label h-8 whitespace-nowrap px-2 text-ink-2 first:pl-4 ${look}`}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {segments.map((s) => (
              <tr
                key={s.segment}
                className={`border-b border-line last:border-0 ${chosen === s.segment ? 'bg-sunken' : ''}`}
              >
                <th scope="row" className="py-1 pl-4 pr-2 text-left font-medium">
                  <button
                    type="button"
                    aria-pressed={chosen === s.segment}
                    onClick={() => onChoose(s.segment)}
                    className="min-h-7 rounded-sm text-left hover:underline hover:underline-offset-3"
                  >
                    {rfmWord(s.segment)}
                  </button>
                </th>
                <td className="px-2 text-right">{count(s.customers)}</td>
                <td className="hidden px-2 sm:table-cell">
                  <Mix segment={s} />
                </td>
                <td className="px-2 text-right">{percent(s.churn_pct / 100, 0)}</td>
                <td className="pl-2 pr-4 text-right">{money(s.at_stake_cents)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </Panel>
  )
}

function Mix({ segment: s }: { segment: Segment }) {
  const parts = [
    [s.low, 'bg-c1', t('low')],
    [s.medium, 'bg-c3', t('medium')],
    [s.high, 'bg-c4', t('high')],
    [s.is_new, 'bg-c5', t('new')],
  ] as const
  return (
    <span
      role="img"
      aria-label={parts.map(([n, , word]) => `${count(n)} ${word}`).join(', ')}
      className="flex h-2.5 w-28 gap-px overflow-hidden rounded-sm"
    >
      {parts.map(([n, fill, word]) => n > 0 && <i key={word} className={fill} style={{ flexGrow: n }} />)}
    </span>
  )
}
