import type { ReactNode } from 'react'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'

export type Tone = 'neutral' | 'info' | 'good' | 'warn' | 'risk'
const looks: Record<Tone, string> = {
  neutral: 'bg-sunken text-ink-2',
  info: 'bg-info-soft text-info',
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  risk: 'bg-risk-soft text-risk',
}

/** A short state in words on its colour. */
export function Pill({
  tone = 'neutral',
  children,
  className,
}: {
  tone?: Tone
  children: ReactNode
  className?: string
}) {
  return (
    <span
      className={cx(
        'label inline-flex h-5 items-center gap-1 whitespace-nowrap rounded-sm px-1.5 [&_svg]:size-3.5',
        looks[tone],
        className,
      )}
    >
      {children}
    </span>
  )
}

const states: Record<string, [Tone, string]> = {
  // campaigns
  draft: ['neutral', 'Draft'],
  approved: ['info', 'Approved'],
  scheduled: ['info', 'Scheduled'],
  active: ['good', 'Running'],
  paused: ['warn', 'Paused'],
  completed: ['neutral', 'Completed'],
  cancelled: ['neutral', 'Cancelled'],
  // sends
  pending: ['neutral', 'Queued'],
  queued: ['neutral', 'Queued'],
  claimed: ['info', 'Sending'],
  sent: ['neutral', 'Sent'],
  delivered: ['neutral', 'Delivered'],
  opened: ['info', 'Opened'],
  clicked: ['good', 'Clicked'],
  bought: ['good', 'Bought'],
  converted: ['good', 'Bought'],
  failed: ['risk', 'Failed'],
  bounced: ['risk', 'Bounced'],
  skipped: ['warn', 'Skipped'],
  held: ['warn', 'Held'],
  unknown: ['warn', 'Not known'],
  complained: ['risk', 'Complained'],
  unsubscribed: ['warn', 'Unsubscribed'],
  holdout: ['neutral', 'Held out'],
  proposed: ['neutral', 'Proposed'],
  // jobs
  running: ['info', 'Running'],
  succeeded: ['good', 'Done'],
  // churn
  low: ['good', 'Low'],
  medium: ['warn', 'Medium'],
  high: ['risk', 'High'],
  new: ['info', 'New'],
}

/** A state of the server (`campaigns.status`, `sends.status`, job, churn risk) with its usual word and tone. */
export function Status({ value }: { value: string }) {
  const [tone, word] = states[value] ?? (['neutral', value.replaceAll('_', ' ')] as const)
  return <Pill tone={tone}>{t(word)}</Pill>
}

const channels: Record<string, string> = { email: 'Email', sms: 'Text' }
export const channelWord = (channel: string): string => t(channels[channel] ?? channel)
