import { MessagesSquare, Plus, Webhook as WebhookIcon } from 'lucide-react'
import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { SettingsFrame } from '../settings/settings-frame.tsx'
import { WebhookDialog } from './webhook-dialog.tsx'
import { kindWords, stateWords, type Webhook } from './webhook-words.ts'

/** Programs and chat rooms that are told what happens here. */
export default function WebhooksPage() {
  const admin = useMay('admin')
  const query = useApi('GET /api/v1/webhooks', undefined, { enabled: admin, every: 10_000 })
  const [adding, setAdding] = useState(false)
  const add = (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {t('New webhook')}
    </Button>
  )
  return (
    <SettingsFrame>
      {admin && (
        <QueryFrame query={query} what={t('The webhooks')} skeleton={<Skeleton className="h-60" />}>
          {({ data }) => (
            <Panel
              title={t('Webhooks')}
              flush
              detail={t('Other programs and chat rooms are told of messages, opt-outs and campaigns as they happen.')}
              actions={data.length > 0 ? add : undefined}
            >
              {data.length === 0 ? (
                <Empty title={t('Nobody is told yet')} action={add}>
                  {t('Let your CRM know of every opt-out, or a chat room of every campaign that is done.')}
                </Empty>
              ) : (
                <ul>
                  {data.map((webhook) => (
                    <Row key={webhook.id} webhook={webhook} />
                  ))}
                </ul>
              )}
            </Panel>
          )}
        </QueryFrame>
      )}
      {adding && <WebhookDialog webhook={null} onClose={() => setAdding(false)} />}
    </SettingsFrame>
  )
}

function Row({ webhook }: { webhook: Webhook }) {
  const [tone, word] = stateWords[webhook.state]
  const Icon = webhook.kind === 'slack' ? MessagesSquare : WebhookIcon
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line px-4 py-3">
      <Icon className="mt-0.5 size-4 shrink-0 text-ink-2" aria-hidden />
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <TextLink to="/settings/webhooks/$id" params={{ id: webhook.id }} className="font-medium wrap-anywhere">
            {webhook.name}
          </TextLink>
          <Pill>{t(kindWords[webhook.kind])}</Pill>
          <Pill tone={tone}>{t(word)}</Pill>
        </p>
        <p className="mt-0.5 text-sm text-ink-2 wrap-anywhere">
          {webhook.url} · {t('{n, plural, one {# event} other {# events}}', { n: webhook.events.length })}
        </p>
        {webhook.last_error && <p className="mt-0.5 text-sm text-warn">{webhook.last_error}</p>}
      </div>
      <p className="text-right text-sm text-ink-2">
        {webhook.last_success_at ? (
          <>
            {t('last taken')} <Time at={webhook.last_success_at} look="ago" />
          </>
        ) : (
          t('nothing taken yet')
        )}
        {webhook.waiting + webhook.failed > 0 && (
          <span className="block">
            {t('{waiting} waiting, {failed} failed', {
              waiting: count(webhook.waiting),
              failed: count(webhook.failed),
            })}
          </span>
        )}
      </p>
    </li>
  )
}
