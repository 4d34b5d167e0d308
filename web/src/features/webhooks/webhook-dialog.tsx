import { useState } from 'react'
import { Controller, useForm, useWatch } from 'react-hook-form'
import { chatEvents, type WebhookEvent } from '#core/webhooks.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { EventChoice } from './event-choice.tsx'
import { webhookReaders, type Webhook } from './webhook-words.ts'

/** Adds or changes a webhook; the secret of a new one is shown once. */
export function WebhookDialog({ webhook, onClose }: { webhook: Webhook | null; onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const [secret, setSecret] = useState<string | null>(null)
  const form = useForm({
    defaultValues: {
      name: webhook?.name ?? '',
      kind: webhook?.kind ?? ('standard' as Webhook['kind']),
      // The address of a chat room is not shown again; left empty, it stays.
      url: webhook?.kind === 'slack' ? '' : (webhook?.url ?? ''),
      events: (webhook?.events ?? []) as WebhookEvent[],
    },
  })
  const kind = useWatch({ control: form.control, name: 'kind' })
  const { errors } = form.formState
  const onError = (error: unknown): void => setRefusal(showRefusal(error, form.setError, ['name', 'url', 'events']))
  const create = useSend('POST /api/v1/webhooks', {
    refresh: webhookReaders,
    onDone: (made) => {
      if (made.secret) return setSecret(made.secret)
      toast(t('{name} is added', { name: made.webhook.name }))
      onClose()
    },
    onError,
  })
  const update = useSend('PATCH /api/v1/webhooks/:id', {
    refresh: webhookReaders,
    onDone: (saved) => {
      toast(t('{name} saved', { name: saved.name }))
      onClose()
    },
    onError,
  })
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    if (webhook)
      update.mutate({
        params: { id: webhook.id },
        body: { name: v.name, events: v.events, ...(v.url.trim() ? { url: v.url } : {}) },
      })
    else create.mutate({ body: v })
  })
  if (secret) return <Secret secret={secret} onClose={onClose} />
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={webhook ? t('Edit {name}', { name: webhook.name }) : t('New webhook')}
      description={t('Posts follow Standard Webhooks; they hold ids and facts, no names and no addresses.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="webhook" type="submit" busy={create.isPending || update.isPending}>
            {webhook ? t('Save') : t('Add the webhook')}
          </Button>
        </>
      }
    >
      <form id="webhook" className="grid gap-4 sm:grid-cols-2" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && (
          <div className="sm:col-span-2">
            <Note tone="risk" title={refusal} />
          </div>
        )}
        <Field label={t('Name')} required error={errors.name?.message}>
          <Input placeholder={t('Loyalty program')} {...form.register('name', { required: t('Needed.') })} />
        </Field>
        <Field label={t('Goes to')}>
          <Select
            disabled={webhook !== null}
            {...form.register('kind', {
              onChange: (e: { target: { value: string } }) =>
                e.target.value === 'slack' && form.setValue('events', [...chatEvents]),
            })}
            options={[
              { value: 'standard', label: t('a program (signed JSON)') },
              { value: 'slack', label: t('a chat room (Slack and its likes)') },
            ]}
          />
        </Field>
        <Field
          label={t('Address')}
          required={webhook?.kind !== 'slack'}
          className="sm:col-span-2"
          hint={
            kind === 'slack'
              ? webhook
                ? t('It is a secret and not shown. Leave this empty to keep it.')
                : t('The address of an “incoming webhook”, which your chat gives you.')
              : t('https, on the public internet.')
          }
          error={errors.url?.message}
        >
          <Input
            type="url"
            spellCheck={false}
            placeholder={
              kind === 'slack' ? (webhook?.url ?? 'https://hooks.slack.com/services/…') : 'https://example.com/hooks'
            }
            {...form.register('url', { validate: (v) => webhook?.kind === 'slack' || v.trim() !== '' || t('Needed.') })}
          />
        </Field>
        <div className="sm:col-span-2">
          <Controller
            control={form.control}
            name="events"
            rules={{ validate: (v) => v.length > 0 || t('Choose at least one.') }}
            render={({ field }) => (
              <EventChoice kind={kind} value={field.value} onChange={field.onChange} error={errors.events?.message} />
            )}
          />
        </div>
      </form>
    </Dialog>
  )
}

/** A secret, this once. */
export function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('The secret of the webhook')}
      footer={
        <Button look="primary" onClick={onClose}>
          {t('I have stored it')}
        </Button>
      }
    >
      <div className="space-y-4">
        <Note tone="warn" title={t('It is shown now and never again')}>
          {t('Give it to the program that receives the posts: with it the program knows that they come from here.')}{' '}
          <TextLink to="https://www.standardwebhooks.com">{t('How to check a signature')}</TextLink>
        </Note>
        <CopyField label={t('Secret')} value={secret} />
      </div>
    </Dialog>
  )
}
