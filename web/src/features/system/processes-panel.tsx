import { Cog, Server } from 'lucide-react'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { Empty } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { size } from './system-words.ts'

type Process = ReplyOf<'GET /api/v1/system'>['processes'][number]
const roles: Record<string, string> = { api: 'API and UI', worker: 'worker' }

/** Every process on this database, wherever it runs. */
export function ProcessesPanel({ processes, version }: { processes: readonly Process[]; version: string }) {
  return (
    <Panel title={t('Processes')} detail={t('All that work on this database, on any machine.')} flush>
      {processes.length === 0 ? (
        <Empty title={t('No process has said anything yet')}>{t('Each writes itself down every ten seconds.')}</Empty>
      ) : (
        <ul>
          {processes.map((p) => {
            const Icon = p.roles.includes('api') ? Server : Cog
            return (
              <li key={p.id} className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line px-4 py-2.5">
                <Icon className="mt-0.5 size-4 shrink-0 text-ink-2" aria-hidden />
                <div className="min-w-0 flex-1 basis-48">
                  <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
                    <span className="font-medium wrap-anywhere">{p.host}</span>
                    {p.roles.map((role) => (
                      <Pill key={role} tone={p.is_silent ? 'neutral' : 'good'}>
                        {t(roles[role] ?? role)}
                      </Pill>
                    ))}
                    {p.is_silent && <Pill tone="risk">{t('silent')}</Pill>}
                    {p.version !== version && <Pill tone="warn">{t('release {version}', { version: p.version })}</Pill>}
                  </p>
                  <p className="text-sm text-ink-2">
                    {t('process {pid}', { pid: p.pid })} · {size(p.rss_bytes)}
                  </p>
                </div>
                <p className="text-sm text-ink-2 sm:text-right">
                  {t('since')} <Time at={p.started_at} />
                  {p.is_silent && (
                    <span className="block text-risk">
                      {t('last heard of')} <Time at={p.seen_at} look="ago" />
                    </span>
                  )}
                </p>
              </li>
            )
          })}
        </ul>
      )}
    </Panel>
  )
}
