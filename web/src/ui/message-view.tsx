import { useState } from 'react'
import { t } from '../lib/i18n.ts'
import { MailFrame } from './mail-frame.tsx'
import { Tabs } from './tabs.tsx'

export interface ShownMessage {
  subject: string | null
  preheader: string | null
  /** null: a text message */
  html: string | null
  text: string
}

/** A message as it arrives: its subject, and its page on paper, on a phone, in the dark and as plain text. */
export function MessageView({ message, name, tall = true }: { message: ShownMessage; name: string; tall?: boolean }) {
  const [view, setView] = useState<'html' | 'phone' | 'dark' | 'text'>('html')
  return (
    <>
      {message.subject && (
        <p>
          <span className="font-medium">{message.subject}</span> <span className="text-ink-2">{message.preheader}</span>
        </p>
      )}
      {message.html ? (
        <Tabs
          label={t('Preview')}
          value={view}
          onChange={setView}
          tabs={[
            { value: 'html', label: t('Page') },
            { value: 'phone', label: t('Phone') },
            { value: 'dark', label: t('Dark') },
            { value: 'text', label: t('Plain text') },
          ]}
        >
          {view === 'text' ? (
            <PlainText text={message.text} />
          ) : (
            <div className={view === 'phone' ? 'mx-auto w-full max-w-[375px] rounded-lg border-8 border-sunken' : ''}>
              <MailFrame
                html={message.html}
                dark={view === 'dark'}
                title={t('Preview of {name}', { name })}
                className={tall ? 'h-160' : 'h-120'}
              />
            </div>
          )}
        </Tabs>
      ) : (
        <PlainText text={message.text} />
      )}
    </>
  )
}

function PlainText({ text }: { text: string }) {
  return (
    <pre className="wrap-anywhere mt-3 max-h-160 overflow-auto whitespace-pre-wrap rounded-md border border-line bg-sunken/40 p-3 font-mono text-[13px] leading-5">
      {text}
    </pre>
  )
}
