import type { Dashboard } from '#contract/analytics.ts'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useNarrow } from '../../lib/use-narrow.ts'
import { TextLink } from '../../ui/button.tsx'
import { Empty } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { channelWord, Status } from '../../ui/pill.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { Time } from '../../ui/time.tsx'

type Latest = Dashboard['latest_sends'][number]

/** The furthest a message got: bought beats clicked beats opened beats what the ledger says. */
function stateOf(send: Latest): string {
  if (send.converted_at) return 'bought'
  if (send.clicked_at) return 'clicked'
  if (send.opened_at) return 'opened'
  return send.status
}

export function LatestSends({ sends, onOpen }: { sends: readonly Latest[]; onOpen: (id: string) => void }) {
  const narrow = useNarrow()
  return (
    <Panel
      title={t('Latest messages')}
      flush
      actions={
        <TextLink to="/sends" className="text-sm">
          {t('See all')}
        </TextLink>
      }
    >
      {sends.length === 0 ? (
        <div className="border-t border-line">
          <Empty title={t('No message has left yet')}>
            {t('Messages of a started campaign appear here as they go.')}
          </Empty>
        </div>
      ) : narrow ? (
        <ul>
          {sends.map((s) => (
            <li key={s.id} className="border-t border-line">
              <button
                type="button"
                onClick={() => onOpen(s.id)}
                className="block w-full px-4 py-2.5 text-left focus-visible:-outline-offset-2"
              >
                <span className="flex items-center gap-2">
                  <span className="min-w-0 flex-1 truncate font-medium">{s.customer_name}</span>
                  {s.conversion_cents !== null && <span className="font-semibold">{money(s.conversion_cents)}</span>}
                  <Status value={stateOf(s)} />
                </span>
                <span className="mt-0.5 flex gap-x-3 text-sm text-ink-2">
                  <span className="truncate">{s.offer_title ?? s.campaign_name ?? channelWord(s.channel)}</span>
                  <span className="ml-auto shrink-0">
                    <Time at={s.sent_at} look="ago" />
                  </span>
                </span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <ScrollBox label={t('Latest messages, scrolls sideways')}>
          <table className="w-full">
            <thead>
              <tr className="border-y border-line bg-sunken text-left">
                {[t('Customer'), t('Offer'), t('Channel'), t('State'), t('Sent')].map((h, i) => (
                  <th
                    key={h}
                    scope="col"
                    className={`label h-8 whitespace-nowrap px-2 text-ink-2 ${i === 0 ? 'pl-4' : ''}`}
                  >
                    {h}
                  </th>
                ))}
                <th scope="col" className="label h-8 px-2 pr-4 text-right text-ink-2">
                  {t('Sale')}
                </th>
              </tr>
            </thead>
            <tbody>
              {sends.map((s) => (
                <tr key={s.id} className="h-9 border-b border-line last:border-0 hover:bg-sunken">
                  <td className="max-w-44 truncate pl-4 pr-2 font-medium">
                    <button
                      type="button"
                      className="block w-full truncate rounded-sm text-left hover:underline hover:underline-offset-3"
                      onClick={() => onOpen(s.id)}
                    >
                      {s.customer_name}
                    </button>
                  </td>
                  <td className="max-w-60 truncate px-2" title={s.offer_title ?? s.campaign_name ?? undefined}>
                    {s.offer_title ?? s.campaign_name ?? '–'}
                  </td>
                  <td className="px-2">{channelWord(s.channel)}</td>
                  <td className="px-2">
                    <Status value={stateOf(s)} />
                  </td>
                  <td className="px-2">
                    <Time at={s.sent_at} />
                  </td>
                  <td className="px-2 pr-4 text-right">
                    {s.conversion_cents === null ? <span className="text-ink-2">–</span> : money(s.conversion_cents)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollBox>
      )}
    </Panel>
  )
}
