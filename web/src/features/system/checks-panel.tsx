import { CircleAlert, CircleCheck, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { cx } from '../../lib/cx.ts'
import { t } from '../../lib/i18n.ts'
import { TextButton } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'

type Check = ReplyOf<'GET /api/v1/system'>['checks'][number]
const looks = {
  bad: { icon: CircleAlert, tone: 'text-risk', word: 'to mend' },
  warn: { icon: TriangleAlert, tone: 'text-warn', word: 'worth a look' },
  ok: { icon: CircleCheck, tone: 'text-good', word: 'fine' },
}

/** What `liquor-agent doctor` says, the worst first; what is fine is folded away while something is not. */
export function ChecksPanel({ checks, at }: { checks: readonly Check[]; at: string | Date }) {
  const [all, setAll] = useState(false)
  const wrong = [...checks.filter((c) => c.level === 'bad'), ...checks.filter((c) => c.level === 'warn')]
  const fine = checks.filter((c) => c.level === 'ok')
  const bad = checks.filter((c) => c.level === 'bad').length
  const title =
    bad > 0
      ? t('{n, plural, one {One thing} other {# things}} to mend', { n: bad })
      : wrong.length > 0
        ? t('{n, plural, one {One thing is} other {# things are}} worth a look', { n: wrong.length })
        : t('Everything is as it should be')
  return (
    <Panel
      title={title}
      detail={
        <>
          {t('{n} checks', { n: checks.length })}, <Time at={at} look="time" />
        </>
      }
      flush
      actions={
        fine.length > 0 && (
          <TextButton onClick={() => setAll(!all)} aria-expanded={all}>
            {all
              ? t('Hide what is fine')
              : t('Show {n, plural, one {the one that is} other {the # that are}} fine', { n: fine.length })}
          </TextButton>
        )
      }
    >
      <ul>
        {[...wrong, ...(all ? fine : [])].map((check) => {
          const { icon: Icon, tone, word } = looks[check.level]
          return (
            <li key={check.check} className="flex items-start gap-2 border-t border-line px-4 py-2.5">
              <Icon className={cx('mt-0.5 size-4 shrink-0', tone)} aria-hidden />
              <p className="min-w-0 flex-1">
                <span className="sr-only">{t(word)}: </span>
                <span className="font-medium first-letter:uppercase inline-block">{check.check}</span>
                <span className="block text-sm text-ink-2 wrap-anywhere">{check.detail}</span>
              </p>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
