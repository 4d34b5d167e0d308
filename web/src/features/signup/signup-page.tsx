import { Plus, ScrollText } from 'lucide-react'
import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { channelWord, Pill } from '../../ui/pill.tsx'
import { SettingsFrame } from '../settings/settings-frame.tsx'
import { ConsentTexts } from './consent-texts.tsx'
import { NewFormDialog } from './new-form-dialog.tsx'
import type { Form } from './signup-words.ts'

/** How people get onto the list: the forms, what they bring, and the words people agree to. */
export default function SignupPage() {
  const manager = useMay('manager')
  const query = useApi('GET /api/v1/signup-forms')
  const [adding, setAdding] = useState(false)
  const add = manager ? (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {t('New form')}
    </Button>
  ) : undefined
  return (
    <SettingsFrame changedBy="manager">
      <QueryFrame query={query} what={t('The sign-up forms')} skeleton={<Skeleton className="h-60" />}>
        {({ data }) => (
          <Panel
            title={t('Sign-up forms')}
            flush
            detail={t(
              'A page of your own, in your website, or behind a QR code on the counter. Every address is asked to confirm.',
            )}
            actions={data.length > 0 ? add : undefined}
          >
            {data.length === 0 ? (
              <Empty title={t('No form yet')} action={add}>
                {t('Make one, print its QR code, and customers put themselves on the list: of age, with proof.')}
              </Empty>
            ) : (
              <ul>
                {data.map((form) => (
                  <FormRow key={form.id} form={form} />
                ))}
              </ul>
            )}
          </Panel>
        )}
      </QueryFrame>
      <ConsentTexts />
      {adding && <NewFormDialog onClose={() => setAdding(false)} />}
    </SettingsFrame>
  )
}

function FormRow({ form }: { form: Form }) {
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line px-4 py-3">
      <ScrollText className="mt-0.5 size-4 shrink-0 text-ink-2" aria-hidden />
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <TextLink to="/settings/sign-up/$id" params={{ id: form.id }} className="font-medium wrap-anywhere">
            {form.name}
          </TextLink>
          {form.channels.map((channel) => (
            <Pill key={channel}>{channelWord(channel)}</Pill>
          ))}
          {!form.is_active && <Pill tone="warn">{t('Closed')}</Pill>}
        </p>
        <p className="mt-0.5 text-sm text-ink-2 wrap-anywhere">
          <code>/s/{form.key}</code>
          {form.store_name && ` · ${form.store_name}`}
        </p>
      </div>
      <p className="text-right text-sm text-ink-2">
        <span className="font-medium text-ink tabular-nums">{count(form.counts.confirmed)}</span> {t('confirmed')}
        <br />
        {t('of {shown} who opened it, 30 days', { shown: count(form.counts.shown) })}
      </p>
    </li>
  )
}
