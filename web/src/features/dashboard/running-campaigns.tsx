import { Pause, Play } from 'lucide-react'
import type { Dashboard } from '#contract/analytics.ts'
import { count, decimal, instant } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Progress } from '../../ui/progress.tsx'
import { toast } from '../../ui/toast.tsx'

type Running = Dashboard['running_campaigns'][number]

/** What is going out now: how far, how fast, until when, and the one press that stops it. */
export function RunningCampaigns({ campaigns }: { campaigns: readonly Running[] }) {
  return (
    <Panel
      title={t('Running campaigns')}
      flush
      actions={
        <TextLink to="/campaigns" className="text-sm">
          {t('See all')}
        </TextLink>
      }
    >
      {campaigns.length === 0 ? (
        <p className="border-t border-line px-4 py-4 text-ink-2">{t('No campaign is running.')}</p>
      ) : (
        <ul>
          {campaigns.map((c) => (
            <Campaign key={c.id} campaign={c} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

function Campaign({ campaign: c }: { campaign: Running }) {
  const may = useMay('manager')
  const stale = ['GET /api/v1/analytics/dashboard', 'GET /api/v1/campaigns']
  const resume = useSend('POST /api/v1/campaigns/:id/resume', {
    refresh: stale,
    onDone: () => toast(t('{name} goes on', { name: c.name })),
  })
  const pause = useSend('POST /api/v1/campaigns/:id/pause', {
    refresh: stale,
    onDone: () =>
      toast(t('{name} is paused', { name: c.name }), { undo: () => resume.mutate({ params: { id: c.id } }) }),
  })
  const paused = c.status === 'paused'
  return (
    <li className="border-t border-line px-4 py-3">
      <div className="flex items-center gap-2">
        <TextLink
          to={`/campaigns/${c.id}`}
          className="min-w-0 flex-1 truncate font-medium text-ink! no-underline! hover:underline!"
        >
          {c.name}
        </TextLink>
        {paused && <Pill tone="warn">{t('Paused')}</Pill>}
        <span className="ticket text-[15px]">{c.total > 0 ? Math.floor((c.done / c.total) * 100) : 0}%</span>
        {may && (
          <Button
            size="sm"
            look="quiet"
            className="-mr-2"
            busy={pause.isPending || resume.isPending}
            aria-label={paused ? t('Resume {name}', { name: c.name }) : t('Pause {name}', { name: c.name })}
            onClick={() =>
              paused ? resume.mutate({ params: { id: c.id } }) : pause.mutate({ params: { id: c.id }, body: {} })
            }
          >
            {paused ? <Play aria-hidden /> : <Pause aria-hidden />}
            {paused ? t('Resume') : t('Pause')}
          </Button>
        )}
      </div>
      <div className="my-1.5">
        <Progress label={c.name} done={c.done} total={c.total} tone={paused ? 'warn' : 'primary'} />
      </div>
      <p className="text-sm text-ink-2">
        {t('{done} of {total}', { done: count(c.done), total: count(c.total) })}
        {c.failed > 0 && <span className="text-risk">, {t('{n} failed', { n: count(c.failed) })}</span>}
        {!paused && <>, {pace(c)}</>}
      </p>
    </li>
  )
}

function pace(c: Running): string {
  if (c.pending === 0) return t('all out')
  if (c.rate_per_minute > 0) {
    const rate = t('{n} a minute', {
      n: c.rate_per_minute < 10 ? decimal(c.rate_per_minute, 1) : count(c.rate_per_minute),
    })
    return c.eta ? t('{rate}, done {when}', { rate, when: instant(c.eta) }) : rate
  }
  return c.next_due_at ? t('next {when}', { when: instant(c.next_due_at) }) : t('waiting')
}
