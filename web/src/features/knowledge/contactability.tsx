import { CircleCheck, CircleSlash } from 'lucide-react'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { TextLink } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Panel } from '../../ui/panel.tsx'
import { channelWord } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import type { Customer } from './customer-words.ts'

/** Per channel whether a message may go, and if not which rule stops it and what would cure it. */
export function ContactabilityPanel({ customer }: { customer: Customer }) {
  return (
    <Panel title={t('Can we write?')}>
      <ul className="space-y-3">
        {customer.contactability.map((c) => (
          <li key={c.channel} className="flex gap-2.5">
            {c.can_contact ? (
              <CircleCheck className="mt-0.5 size-4 shrink-0 text-good" aria-hidden />
            ) : (
              <CircleSlash className="mt-0.5 size-4 shrink-0 text-risk" aria-hidden />
            )}
            <div className="min-w-0">
              <p className="font-medium">
                {c.can_contact
                  ? t('{channel}: yes', { channel: channelWord(c.channel) })
                  : t('{channel}: no', { channel: channelWord(c.channel) })}
              </p>
              {c.reasons.length > 0 && (
                <ul className="mt-0.5 space-y-1.5 text-sm">
                  {c.reasons.map((r) => (
                    <li key={r.rule_id}>
                      {r.summary} {r.cure && <span className="text-ink-2">{r.cure}</span>}{' '}
                      {/^https?:/.test(r.source) ? (
                        <a href={r.source} target="_blank" rel="noreferrer" className="text-ink-2 underline">
                          {t('Source')}
                        </a>
                      ) : (
                        <span className="text-ink-2">({r.source})</span>
                      )}
                    </li>
                  ))}
                </ul>
              )}
            </div>
          </li>
        ))}
      </ul>
      <ListEntries customer={customer} />
      <Wishes customer={customer} />
      <p className="mt-3 border-t border-line pt-2 text-sm text-ink-2">
        {t('Hours, weekly caps and state offer rules are checked again for every single message.')}
      </p>
    </Panel>
  )
}

const topicWords: Record<string, string> = {
  spirits: 'spirits',
  wine: 'wine',
  beer: 'beer',
  events: 'tastings',
  news: 'new arrivals',
}

/** What the customer chose beyond yes and no, and their own page to choose it on. */
function Wishes({ customer: { wishes, preferences_url: url } }: { customer: Customer }) {
  const lines = wishes
    ? [
        wishes.topics_off.length > 0 &&
          t('Not about {topics}', { topics: wishes.topics_off.map((x) => t(topicWords[x] ?? x)).join(', ') }),
        wishes.every_days !== null && t('At most one message in {n} days', { n: wishes.every_days }),
      ].filter((line) => line !== false)
    : []
  if (lines.length === 0 && !url) return null
  return (
    <div className="mt-3 border-t border-line pt-2">
      {lines.length > 0 && (
        <>
          <p className="font-medium">{t('What they chose')}</p>
          <ul className="text-sm">
            {lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
      {url && (
        <div className={lines.length > 0 ? 'mt-2' : ''}>
          <CopyField
            label={t('Their preference page')}
            value={url}
            hint={t('For the customer alone: who has it can change what they get.')}
          />
        </div>
      )}
    </div>
  )
}

/** What the do-not-contact list says about this customer, with the note of whoever put them there. */
function ListEntries({ customer }: { customer: Customer }) {
  const closed = customer.contactability.some((c) => c.reasons.some((r) => r.rule_id === 'person-suppressed'))
  const { data } = useApi(
    'GET /api/v1/suppressions',
    { query: { customer_id: customer.id, page_size: 5 } },
    { enabled: closed },
  )
  const noted = closed ? (data?.data.filter((s) => s.note) ?? []) : []
  return (
    <>
      {noted.map((s) => (
        <p key={s.id} className="mt-2 text-sm">
          “{s.note}”{' '}
          <span className="text-ink-2">
            {s.created_by}, <Time at={s.created_at} look="date" />
          </span>
        </p>
      ))}
      {closed && (
        <p className="mt-2 text-sm">
          <TextLink to="/customers/do-not-contact">{t('Do-not-contact list')}</TextLink>
        </p>
      )}
    </>
  )
}
