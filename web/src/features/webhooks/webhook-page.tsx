import { useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { DeliveryLog } from './delivery-log.tsx'
import { Secret, WebhookDialog } from './webhook-dialog.tsx'
import { kindWords, stateWords, webhookReaders, type Webhook } from './webhook-words.ts'

/** One webhook: whether it works, its events, its secret, and the log with replay. */
export default function WebhookPage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useApi('GET /api/v1/webhooks', undefined, { every: 5_000 })
  const back = <TextLink to="/settings/webhooks">{t('Webhooks')}</TextLink>
  return (
    <QueryFrame query={query} what={t('The webhook')} skeleton={<Skeleton className="m-6 h-120" />}>
      {({ data }) => {
        const webhook = data.find((w) => w.id === id)
        if (!webhook)
          return (
            <Page title={t('Webhook')} back={back} narrow>
              <Empty title={t('There is no such webhook')}>{t('Choose one from the list.')}</Empty>
            </Page>
          )
        const [tone, word] = stateWords[webhook.state]
        return (
          <Page
            title={webhook.name}
            back={back}
            subtitle={
              <span className="flex flex-wrap items-center gap-2">
                <Pill>{t(kindWords[webhook.kind])}</Pill>
                <Pill tone={tone}>{t(word)}</Pill>
              </span>
            }
            actions={<Actions webhook={webhook} />}
          >
            <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_minmax(300px,360px)]">
              <div className="min-w-0 space-y-5">
                <Trouble webhook={webhook} />
                <DeliveryLog webhook={webhook} />
              </div>
              <About webhook={webhook} />
            </div>
          </Page>
        )
      }}
    </QueryFrame>
  )
}

function Trouble({ webhook }: { webhook: Webhook }) {
  if (webhook.disabled_because)
    return (
      <Note tone="risk" title={t('Switched off: {reason}', { reason: webhook.disabled_because })}>
        {t('Mend the receiver, then switch it on: what waits is posted, and what failed can be played again.')}
      </Note>
    )
  if (webhook.state !== 'failing') return null
  return (
    <Note tone="warn" title={webhook.last_error ?? t('The last try failed')}>
      {t('Nothing was taken since')} {webhook.failing_since && <Time at={webhook.failing_since} look="ago" />}
      {'. '}
      {t('Each post is tried for about three days; after five days of this the webhook is switched off.')}
    </Note>
  )
}

function About({ webhook }: { webhook: Webhook }) {
  return (
    <Panel title={t('Connection')}>
      <Facts
        items={[
          [
            t('Address'),
            <span key="url" className="wrap-anywhere">
              {webhook.url}
            </span>,
          ],
          [
            t('Last taken'),
            webhook.last_success_at ? <Time key="s" at={webhook.last_success_at} look="ago" /> : t('nothing yet'),
          ],
          [t('Waiting'), count(webhook.waiting)],
          [t('Failed'), count(webhook.failed)],
          ...(webhook.old_secret_until
            ? [[t('Old secret'), <Time key="o" at={webhook.old_secret_until} />] as const]
            : []),
          [
            t('Events'),
            <span key="e" className="flex flex-wrap gap-1">
              {webhook.events.map((e) => (
                <Pill key={e}>{e}</Pill>
              ))}
            </span>,
          ],
          ...(webhook.created_by_name ? [[t('Made by'), webhook.created_by_name] as const] : []),
        ]}
      />
    </Panel>
  )
}

function Actions({ webhook }: { webhook: Webhook }) {
  const navigate = useNavigate()
  const [editing, setEditing] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const params = { id: webhook.id }
  const test = useSend('POST /api/v1/webhooks/:id/test', {
    onDone: (r) =>
      toast(
        r.ok
          ? t('The test was taken ({status})', { status: r.status })
          : t('The test failed: {why}', { why: r.detail }),
      ),
  })
  const change = useSend('PATCH /api/v1/webhooks/:id', {
    refresh: webhookReaders,
    onDone: (w) => toast(w.is_active ? t('{name} is on', { name: w.name }) : t('{name} is off', { name: w.name })),
  })
  const rotate = useSend('POST /api/v1/webhooks/:id/secret', {
    refresh: webhookReaders,
    onDone: (r) => setSecret(r.secret),
  })
  const remove = useSend('DELETE /api/v1/webhooks/:id', {
    refresh: webhookReaders,
    onDone: () => {
      toast(t('{name} is removed', { name: webhook.name }))
      void navigate({ to: '/settings/webhooks' })
    },
  })
  const askRotate = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Make a new secret?'),
      body: t('For a day posts are signed with both, so that the receiver can change over.'),
      action: t('Make a new secret'),
    })
    if (yes) rotate.mutate({ params })
  }
  const askRemove = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Remove {name}?', { name: webhook.name }),
      body: t('Its log goes with it, and what waits is not posted any more. This cannot be undone.'),
      action: t('Remove {name}', { name: webhook.name }),
      tone: 'risk',
    })
    if (yes) remove.mutate({ params })
  }
  return (
    <>
      <Button busy={test.isPending} onClick={() => test.mutate({ params })}>
        {t('Send a test')}
      </Button>
      <Button onClick={() => setEditing(true)}>{t('Edit')}</Button>
      <Button
        busy={change.isPending}
        onClick={() => change.mutate({ params, body: { is_active: !webhook.is_active } })}
      >
        {webhook.is_active ? t('Switch off') : t('Switch on')}
      </Button>
      {webhook.kind === 'standard' && (
        <Button busy={rotate.isPending} onClick={() => void askRotate()}>
          {t('New secret')}
        </Button>
      )}
      <Button look="risk" busy={remove.isPending} onClick={() => void askRemove()}>
        {t('Remove')}
      </Button>
      {editing && <WebhookDialog webhook={webhook} onClose={() => setEditing(false)} />}
      {secret && <Secret secret={secret} onClose={() => setSecret(null)} />}
    </>
  )
}
