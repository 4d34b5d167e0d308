import { useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { count, decimal } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { TextButton } from '../../ui/button.tsx'
import { Empty } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { Time } from '../../ui/time.tsx'
import { rhythm } from './system-words.ts'

type Duty = ReplyOf<'GET /api/v1/system'>['duties'][number]

/** Periodic work: who failed first, then by name; the quiet ones on request. */
export function DutiesPanel({ duties }: { duties: readonly Duty[] }) {
  const [all, setAll] = useState(false)
  const failing = duties.filter((d) => d.error !== null)
  const shown = all ? [...failing, ...duties.filter((d) => d.error === null)] : failing
  return (
    <Panel
      title={t('Duties')}
      detail={
        duties.length === 0
          ? t('What workers do by the clock.')
          : failing.length === 0
            ? t('{n} in their rhythm, each done by one worker at a time.', { n: count(duties.length) })
            : t('{n, plural, one {One} other {#}} failed last time; each is tried again at its next turn.', {
                n: failing.length,
              })
      }
      flush
      actions={
        duties.length > 0 && (
          <TextButton onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? t('Hide the list') : t('Show all')}
          </TextButton>
        )
      }
    >
      {duties.length === 0 ? (
        <Empty title={t('No worker has run yet')}>{t('Start one: liquor-agent worker.')}</Empty>
      ) : (
        shown.length > 0 && (
          <ScrollBox label={t('Duties')}>
            <table className="w-full text-left text-sm">
              <thead>
                <tr className="border-t border-line text-ink-2">
                  <th className="label px-4 py-2">{t('Duty')}</th>
                  <th className="label px-3 py-2 text-right">{t('Every')}</th>
                  <th className="label px-3 py-2">{t('Last')}</th>
                  <th className="label px-3 py-2 text-right">{t('Took')}</th>
                  <th className="label px-4 py-2 text-right">{t('Runs')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((d) => (
                  <tr key={d.name} className="border-t border-line align-top">
                    <th scope="row" className="min-w-40 px-4 py-2 font-medium">
                      <span className="inline-block first-letter:uppercase">{d.name}</span>{' '}
                      {d.is_running && <Pill tone="info">{t('runs now')}</Pill>}
                      {d.error && <span className="block font-normal text-risk wrap-anywhere">{d.error}</span>}
                    </th>
                    <td className="px-3 py-2 text-right whitespace-nowrap">{rhythm(d.every_ms)}</td>
                    <td className="px-3 py-2 whitespace-nowrap text-ink-2">
                      <Time at={d.started_at} look="ago" />
                    </td>
                    <td className="px-3 py-2 text-right whitespace-nowrap">
                      {d.took_ms === null ? '–' : `${decimal(d.took_ms / 1000, d.took_ms < 10_000 ? 2 : 0)} s`}
                    </td>
                    <td className="px-4 py-2 text-right whitespace-nowrap">
                      {count(d.runs)}
                      {d.failures > 0 && (
                        <span className="text-warn">
                          , {t('{n, plural, one {# failed} other {# failed}}', { n: d.failures })}
                        </span>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollBox>
        )
      )}
    </Panel>
  )
}
