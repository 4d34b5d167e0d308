import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Textarea } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { channelWord, Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ConsentText } from './signup-words.ts'

/** What people agree to, per channel: the words of now, and every version before as proof. */
export function ConsentTexts() {
  const admin = useMay('admin')
  const query = useApi('GET /api/v1/consent-texts')
  const [editing, setEditing] = useState<ConsentText | null>(null)
  return (
    <Panel
      title={t('What people agree to')}
      flush
      detail={t('Kept word for word with every sign-up. A change is a new version; the earlier ones stay.')}
    >
      <QueryFrame query={query} what={t('The texts')} skeleton={<Skeleton className="m-4 h-40" />}>
        {({ data }) => (
          <div>
            {(['email', 'sms'] as const).map((channel) => (
              <Channel
                key={channel}
                texts={data.filter((x) => x.channel === channel)}
                onEdit={admin ? setEditing : null}
              />
            ))}
          </div>
        )}
      </QueryFrame>
      {editing && <TextDialog text={editing} onClose={() => setEditing(null)} />}
    </Panel>
  )
}

function Channel({ texts, onEdit }: { texts: readonly ConsentText[]; onEdit: ((text: ConsentText) => void) | null }) {
  const [all, setAll] = useState(false)
  const [now, ...earlier] = texts
  if (!now) return null
  return (
    <div className="border-t border-line px-4 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <h3 className="font-medium">{channelWord(now.channel)}</h3>
        <Pill>{t('Version {n}', { n: now.version })}</Pill>
        <span className="flex-1" />
        {onEdit && (
          <Button size="sm" look="quiet" onClick={() => onEdit(now)}>
            {t('Change')}
            <span className="sr-only"> {channelWord(now.channel)}</span>
          </Button>
        )}
      </div>
      <p className="mt-1">{now.text}</p>
      {earlier.length > 0 && (
        <p className="mt-1 text-sm">
          <TextButton aria-expanded={all} onClick={() => setAll(!all)}>
            {all
              ? t('Hide the earlier versions')
              : t('{n, plural, one {# earlier version} other {# earlier versions}}', { n: earlier.length })}
          </TextButton>
        </p>
      )}
      {all && (
        <ul className="mt-2 space-y-2">
          {earlier.map((x) => (
            <li key={x.id} className="border-l-2 border-line pl-3 text-sm">
              <p>{x.text}</p>
              <p className="text-ink-2">
                {t('Version {n}', { n: x.version })}, <Time at={x.created_at} look="date" />
                {x.created_by && `, ${x.created_by}`}
                {' · '}
                {t('{n, plural, one {# person} other {# people}} agreed to it', {
                  n: x.confirmed,
                  count: count(x.confirmed),
                })}
              </p>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function TextDialog({ text, onClose }: { text: ConsentText; onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ defaultValues: { text: text.text } })
  const { errors } = form.formState
  const save = useSend('POST /api/v1/consent-texts', {
    refresh: ['GET /api/v1/consent-texts'],
    onDone: ({ version }) => {
      toast(t('Version {n} is shown from now on', { n: version }))
      onClose()
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['text'])),
  })
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({ body: { channel: text.channel, text: v.text } })
  })
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('What people agree to: {channel}', { channel: channelWord(text.channel) })}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="consent-text" type="submit" busy={save.isPending}>
            {t('Use as version {n}', { n: text.version + 1 })}
          </Button>
        </>
      }
    >
      <form id="consent-text" className="space-y-4" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && <Note tone="risk" title={refusal} />}
        <Field
          label={t('Text beside the box')}
          required
          hint={t('Where {shop} stands, people read the name of your shop.', { shop: '{shop}' })}
          error={errors.text?.message}
        >
          <Textarea rows={6} {...form.register('text', { required: t('Needed.') })} />
        </Field>
        <Note tone="info" title={t('Not legal advice')}>
          {text.channel === 'sms'
            ? t('It must say: marketing, how often, rates may apply, no condition of purchase, STOP and HELP.')
            : t('It must name the shop. Say what you send, and that it can be ended.')}
        </Note>
      </form>
    </Dialog>
  )
}
