import {
  CircleCheck,
  ClipboardCheck,
  FlaskConical,
  KeyRound,
  MailWarning,
  MapPinOff,
  Pause,
  RefreshCw,
  TriangleAlert,
  UserRoundPlus,
  type LucideIcon,
} from 'lucide-react'
import type { Dashboard } from '#contract/analytics.ts'
import { cx } from '../../lib/cx.ts'
import { t } from '../../lib/i18n.ts'
import { TextLink } from '../../ui/button.tsx'

type Need = Dashboard['needs_you'][number]

const looks: Record<Need['kind'], { icon: LucideIcon; action: string }> = {
  plan_waiting: { icon: ClipboardCheck, action: 'Review plan' },
  bounces: { icon: TriangleAlert, action: 'See what came back' },
  unknown_sends: { icon: MailWarning, action: 'Decide' },
  sandbox: { icon: FlaskConical, action: 'Connect a mail server' },
  no_address: { icon: MapPinOff, action: 'Write the address' },
  no_customers: { icon: UserRoundPlus, action: 'Import customers' },
  stale_scores: { icon: RefreshCw, action: 'Open customers' },
  public_password: { icon: KeyRound, action: 'Change the password' },
  paused: { icon: Pause, action: 'Open campaign' },
  rollups_wrong: { icon: TriangleAlert, action: 'Build them anew' },
  test_decided: { icon: FlaskConical, action: 'See the result' },
  test_broken: { icon: TriangleAlert, action: 'See the test' },
}
const tones = { info: 'text-info', warn: 'text-warn', risk: 'text-risk' }

/** What waits for a person, the worst first. */
export function NeedsYou({ needs }: { needs: readonly Need[] }) {
  return (
    <section aria-labelledby="needs-you">
      <h2 id="needs-you" className="label pb-1.5 text-ink-2">
        {t('Needs you')}
      </h2>
      {needs.length === 0 ? (
        <p className="flex items-center gap-2 rounded-lg border border-line bg-surface p-3 text-ink-2">
          <CircleCheck className="size-4 text-good" aria-hidden />
          {t('Nothing needs you.')}
        </p>
      ) : (
        <ul
          className={cx(
            'grid gap-px overflow-hidden rounded-lg border border-line bg-line',
            needs.length > 1 && 'md:grid-cols-2',
            needs.length > 2 && 'thirds xl:grid-cols-3',
          )}
        >
          {needs.map((need) => {
            const { icon: Icon, action } = looks[need.kind]
            return (
              // The last ones stretch, so that no grey hole is left in the strip.
              <li
                key={`${need.kind}${need.href}${need.title}`}
                className="flex gap-3 bg-surface p-3 md:max-xl:last:odd:col-span-2 [.thirds>&]:xl:last:nth-[3n+1]:col-span-3 [.thirds>&]:xl:last:nth-[3n+2]:col-span-2"
              >
                <Icon className={cx('mt-0.5 size-4 shrink-0', tones[need.tone])} aria-hidden />
                <div className="min-w-0">
                  <p className="font-medium">{need.title}</p>
                  <p className="text-sm text-ink-2">{need.detail}</p>
                  <TextLink to={need.href} className="mt-1 inline-block text-sm font-medium">
                    {t(action)}
                  </TextLink>
                </div>
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}
