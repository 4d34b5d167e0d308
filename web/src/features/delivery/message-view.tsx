import { ArrowLeft, MailX } from 'lucide-react'
import { useState } from 'react'
import { instant } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import type { ReplyOf } from '../../lib/api.ts'
import { Button, IconButton, TextLink } from '../../ui/button.tsx'
import { Facts, Note } from '../../ui/panel.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { MailFrame } from '../../ui/mail-frame.tsx'
import { oneClickUrl, postOneClick, type OneClickResult } from './one-click.ts'
import { Linked, TextBubble } from './text-message.tsx'

export type Message = ReplyOf<'GET /api/v1/sandbox/messages/:id'>
export const messageTabs = ['html', 'phone', 'text', 'headers'] as const
export type MessageTab = (typeof messageTabs)[number]

interface Props {
  message: Message
  tab: MessageTab
  onTab: (tab: MessageTab) => void
  onBack: () => void
  /** something changed at the customer */
  onUnsubscribed: () => void
}

/** One message as the customer sees it, with what a mail client would offer beside it. */
export function MessageView({ message, tab, onTab, onBack, onUnsubscribed }: Props) {
  return (
    <article aria-label={message.subject ?? t('Text message')} className="flex min-h-0 flex-1 flex-col">
      <header className="border-b border-line px-4 py-3">
        <div className="flex items-start gap-2">
          <IconButton icon={ArrowLeft} label={t('Back to the list')} onClick={onBack} className="-ml-2 lg:hidden" />
          <h2 className="min-w-0 flex-1 text-base font-semibold [overflow-wrap:anywhere] max-lg:pt-1.5">
            {message.subject ?? t('Text message')}
          </h2>
        </div>
        <Facts
          className="mt-2 text-sm"
          items={[
            [t('From'), message.sender],
            [
              t('To'),
              message.customer_id ? (
                <TextLink to="/customers/$id" params={{ id: message.customer_id }}>
                  {message.recipient}
                </TextLink>
              ) : (
                message.recipient
              ),
            ],
            [t('Received'), instant(message.received_at, 'full')],
            ...(message.campaign_id
              ? ([
                  [
                    t('Campaign'),
                    <TextLink key="campaign" to="/campaigns/$id" params={{ id: message.campaign_id }}>
                      {t('Open the plan')}
                    </TextLink>,
                  ],
                ] as const)
              : []),
          ]}
        />
        <OneClick key={message.id} message={message} onDone={onUnsubscribed} />
      </header>
      {message.channel === 'sms' ? (
        <div className="flex-1 overflow-y-auto p-4">
          <TextBubble text={message.body_text} sender={message.sender} at={instant(message.received_at)} />
        </div>
      ) : (
        <div className="flex min-h-0 flex-1 flex-col px-4 pt-1 [&>div]:flex [&>div]:min-h-0 [&>div]:flex-1 [&>div]:flex-col [&_[role=tabpanel]]:flex [&_[role=tabpanel]]:min-h-0 [&_[role=tabpanel]]:flex-1 [&_[role=tabpanel]]:flex-col [&_[role=tabpanel]]:pb-4">
          <Tabs
            label={t('Views of the message')}
            value={tab}
            onChange={onTab}
            tabs={[
              { value: 'html', label: t('HTML') },
              { value: 'phone', label: t('Phone width') },
              { value: 'text', label: t('Plain text') },
              { value: 'headers', label: t('Headers') },
            ]}
          >
            <Body message={message} tab={tab} />
          </Tabs>
        </div>
      )}
    </article>
  )
}

function Body({ message, tab }: { message: Message; tab: MessageTab }) {
  if (tab === 'headers') {
    return (
      <div className="max-h-full overflow-auto rounded-md border border-line bg-sunken p-3">
        <dl className="space-y-2 text-sm">
          {Object.entries(message.headers).map(([name, value]) => (
            <div key={name}>
              <dt className="label text-ink-2">{name}</dt>
              <dd className="font-mono text-xs leading-5 [overflow-wrap:anywhere]">{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    )
  }
  if (tab === 'text' || message.body_html === null) {
    return (
      <div className="max-h-full overflow-auto whitespace-pre-wrap rounded-md border border-line p-3 font-mono text-xs leading-5 [overflow-wrap:anywhere]">
        {message.body_html === null && tab !== 'text' && (
          <p className="pb-2 font-sans text-ink-2">{t('This message has no HTML part.')}</p>
        )}
        <Linked text={message.body_text} />
      </div>
    )
  }
  const frame = (
    <MailFrame
      html={message.body_html}
      title={t('Message: {subject}', { subject: message.subject ?? '' })}
      className="min-h-[420px] flex-1 max-lg:h-[75dvh] rounded-md"
    />
  )
  if (tab === 'phone')
    return (
      <div className="mx-auto flex min-h-0 w-full max-w-[375px] flex-1 flex-col rounded-[22px] border-4 border-line-strong bg-white p-1">
        {frame}
      </div>
    )
  return <div className="flex min-h-0 flex-1 flex-col rounded-md border border-line">{frame}</div>
}

/** The unsubscribe button of a mail client: one press, no page, no sign-in (RFC 8058). */
function OneClick({ message, onDone }: { message: Message; onDone: () => void }) {
  const [state, setState] = useState<'idle' | 'busy' | OneClickResult>('idle')
  if (message.channel !== 'email') return null
  const url = oneClickUrl(message.headers)
  if (!url)
    return <p className="mt-2 text-sm text-risk">{t('This message carries no one-click unsubscribe header.')}</p>
  if (typeof state === 'object') {
    return (
      <div className="mt-3" role="status">
        {state.ok ? (
          <Note tone="good" title={t('Unsubscribed')}>
            {t('The one-click post was answered with {status}. This address gets no more marketing email.', {
              status: state.status,
            })}{' '}
            {message.customer_id && (
              <TextLink to="/customers/$id" params={{ id: message.customer_id }}>
                {t('See the customer')}
              </TextLink>
            )}
          </Note>
        ) : (
          <Note tone="risk" title={t('Not unsubscribed')}>
            {state.status === 0
              ? t('The server did not answer. Check that it runs and press again.')
              : t('The server answered {status}.', { status: state.status })}{' '}
            <button type="button" className="link" onClick={() => setState('idle')}>
              {t('Try again')}
            </button>
          </Note>
        )}
      </div>
    )
  }
  return (
    <Button
      size="sm"
      className="mt-3"
      busy={state === 'busy'}
      onClick={() => {
        setState('busy')
        void postOneClick(url).then((result) => {
          setState(result)
          if (result.ok) onDone()
        })
      }}
    >
      <MailX aria-hidden />
      {t('Unsubscribe in one press')}
    </Button>
  )
}
