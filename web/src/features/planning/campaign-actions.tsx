import { Copy, EllipsisVertical, Pause, Play, Trash2, X } from 'lucide-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { useHotkeys } from '../../lib/hotkeys.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Menu } from '../../ui/menu.tsx'
import { toast } from '../../ui/toast.tsx'
import type { Campaign } from './campaign-words.ts'
import { StartDialog } from './start-dialog.tsx'

/** A minute to think again: nothing leaves before. */
const holdSeconds = 60
const lists = ['GET /api/v1/campaigns', 'GET /api/v1/sends', 'GET /api/v1/analytics']

/** What may be done with a campaign in its state: approve, start, pause, resume, cancel, remove. */
export function CampaignActions({ campaign }: { campaign: Campaign }) {
  const may = useMay('manager')
  const navigate = useNavigate()
  const [asking, setAsking] = useState(false)
  const { id, name, status } = campaign
  const params = { id }
  const approve = useSend('POST /api/v1/campaigns/:id/approve', {
    refresh: lists,
    onDone: () => toast(t('Approved {name}', { name })),
  })
  const start = useSend('POST /api/v1/campaigns/:id/start', {
    refresh: lists,
    onDone: () => toast(t('Started {name}', { name })),
  })
  const pause = useSend('POST /api/v1/campaigns/:id/pause', {
    refresh: lists,
    onDone: () => toast(t('Paused {name}', { name }), { undo: () => resume.mutate({ params }) }),
  })
  const resume = useSend('POST /api/v1/campaigns/:id/resume', {
    refresh: lists,
    onDone: () => toast(t('Resumed {name}', { name })),
  })
  const cancel = useSend('POST /api/v1/campaigns/:id/cancel', {
    refresh: lists,
    onDone: () => toast(t('Cancelled {name}', { name })),
  })
  const clone = useSend('POST /api/v1/campaigns/:id/clone', {
    refresh: ['GET /api/v1/campaigns'],
    onDone: ({ campaign: made, changes }) => {
      toast(
        changes.length > 0
          ? t('Copied; {count, plural, one {# entry} other {# entries}} had to change.', { count: changes.length })
          : t('Copied {name}', { name }),
      )
      void navigate({ to: '/campaigns/$id', params: { id: made.id } } as never)
    },
  })
  const remove = useSend('DELETE /api/v1/campaigns/:id', {
    refresh: ['GET /api/v1/campaigns'],
    onDone: () => {
      toast(t('Removed {name}', { name }))
      void navigate({ to: '/campaigns' } as never)
    },
  })
  useHotkeys(may && status === 'active' ? { p: () => pause.mutate({ params, body: {} }) } : {})
  if (!may) return null
  const reach = campaign.planned_reach ?? 0
  const startWords = t('Start: {count, plural, one {# customer} other {# customers}}', { count: reach })

  const askCancel = async (): Promise<void> => {
    const left = campaign.total_sends - campaign.completed_sends
    const yes = await confirm({
      title: t('Cancel {name}?', { name }),
      body: t('What has not left never will. This cannot be undone; to stop for a while, pause.'),
      action:
        left > 0
          ? t('Cancel {count, plural, one {# message} other {# messages}}', { count: left })
          : t('Cancel the campaign'),
      tone: 'risk',
    })
    if (yes) cancel.mutate({ params, body: {} })
  }
  const askRemove = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Remove {name}?', { name }),
      body: t('The draft and its plan are gone for good.'),
      action: t('Remove {name}', { name }),
      tone: 'risk',
    })
    if (yes) remove.mutate({ params })
  }
  const more = [
    { label: t('Copy to a new draft'), icon: Copy, onSelect: () => clone.mutate({ params, body: {} }) },
    ...(status === 'approved' || status === 'scheduled' || status === 'active' || status === 'paused'
      ? [{ label: t('Cancel the campaign'), icon: X, tone: 'risk' as const, onSelect: () => void askCancel() }]
      : []),
    ...(campaign.started_at === null
      ? [{ label: t('Remove'), icon: Trash2, tone: 'risk' as const, onSelect: () => void askRemove() }]
      : []),
  ]
  const isTriggered = campaign.type === 'triggered'
  const empty = !isTriggered && (!campaign.weekly_plan || campaign.weekly_plan.entries.length === 0)
  return (
    <>
      {status === 'draft' && (
        <Button look="primary" busy={approve.isPending} disabled={empty} onClick={() => approve.mutate({ params })}>
          {isTriggered ? t('Approve the message') : t('Approve the plan')}
        </Button>
      )}
      {(status === 'approved' || status === 'scheduled') && (
        <Button
          look="primary"
          busy={start.isPending}
          disabled={empty}
          onClick={() => (isTriggered ? start.mutate({ params, body: {} }) : setAsking(true))}
        >
          <Play aria-hidden />
          {isTriggered ? t('Start') : startWords}
        </Button>
      )}
      {status === 'active' && (
        <Button busy={pause.isPending} onClick={() => pause.mutate({ params, body: {} })}>
          <Pause aria-hidden />
          {t('Pause')}
        </Button>
      )}
      {status === 'paused' && (
        <Button look="primary" busy={resume.isPending} onClick={() => resume.mutate({ params })}>
          <Play aria-hidden />
          {isTriggered
            ? t('Resume')
            : t('Resume: {count} left', { count: count(campaign.total_sends - campaign.completed_sends) })}
        </Button>
      )}
      {asking && (
        <StartDialog
          campaign={campaign}
          onClose={() => setAsking(false)}
          onStart={(now) => {
            setAsking(false)
            start.mutate({ params, body: { now, hold_seconds: holdSeconds } })
          }}
        />
      )}
      {more.length > 0 && (
        <Menu
          trigger={<IconButton icon={EllipsisVertical} label={t('More')} look="outline" size="icon" />}
          items={more}
        />
      )}
    </>
  )
}
