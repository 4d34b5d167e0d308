import { instant } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { eventDetail, eventWord, type SendDetail, type SendEvent } from './send-words.ts'

interface Step {
  key: string
  at: string
  what: string
  detail: string | null
  tone: 'good' | 'risk' | 'plain'
}

/** Everything that happened to one message, oldest first: attempts and events on one line. */
export function SendTimeline({ send, events }: { send: SendDetail; events: readonly SendEvent[] }) {
  const steps = stepsOf(send, events)
  return (
    <ol className="relative ml-1.5 space-y-3 border-l border-line-strong">
      {steps.map((s) => (
        <li key={s.key} className="relative pl-4">
          <span className={`absolute -left-[5px] top-1.5 size-2.5 rounded-full border-2 border-surface ${{ good: 'bg-good', risk: 'bg-risk', plain: 'bg-line-strong' }[s.tone]}`} aria-hidden />
          <p className="font-medium">{s.what}</p>
          {s.detail && <p className="text-sm [overflow-wrap:anywhere]">{s.detail}</p>}
          <p className="text-sm text-ink-2">
            <time dateTime={s.at} title={instant(s.at, 'full', Intl.DateTimeFormat().resolvedOptions().timeZone)}>
              {instant(s.at, 'full')}
            </time>
          </p>
        </li>
      ))}
    </ol>
  )
}

function stepsOf(send: SendDetail, events: readonly SendEvent[]): Step[] {
  const steps: Step[] = [{ key: 'made', at: send.created_at, what: t('Queued'), detail: null, tone: 'plain' }]
  for (const a of send.attempts) {
    const bad = a.outcome === 'rejected' || a.outcome === 'unknown'
    steps.push({
      key: `attempt-${a.attempt}`,
      at: a.finished_at ?? a.started_at,
      what: attemptWord(a.outcome, a.provider),
      detail: [a.code, a.detail].filter(Boolean).join(': ') || null,
      tone: bad ? 'risk' : 'plain',
    })
  }
  for (const e of events) {
    // The attempt already says that it left.
    if (['sent', 'accepted', 'queued'].includes(e.event_type) && send.attempts.length > 0) continue
    const risk = /bounce|complain|fail/.test(e.event_type)
    const good = /open|click|purchase|conversion/.test(e.event_type) && !e.machine
    steps.push({ key: e.id, at: e.occurred_at, what: eventWord(e.event_type), detail: eventDetail(e), tone: risk ? 'risk' : good ? 'good' : 'plain' })
  }
  return steps.sort((a, b) => a.at.localeCompare(b.at))
}

function attemptWord(outcome: SendDetail['attempts'][number]['outcome'], provider: string): string {
  switch (outcome) {
    case 'accepted':
      return t('Sent through {provider}', { provider })
    case 'rejected':
      return t('Refused by {provider}', { provider })
    case 'deferred':
      return t('Put off by {provider}', { provider })
    case 'unknown':
      return t('No answer from {provider}', { provider })
    case null:
      return t('Handing to {provider}', { provider })
  }
}
