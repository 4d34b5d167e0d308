import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { refresh } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import type { Customer } from './customer-words.ts'

interface Form {
  channel: 'email' | 'sms'
  status: 'granted' | 'denied'
  source: string
  text_version: string
  given_at: string
}

/** A consent given or taken back outside the system, with its proof. */
export function RecordConsent({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const { register, handleSubmit, setError, formState } = useForm<Form>({
    defaultValues: { channel: 'email', status: 'granted', source: '', text_version: '', given_at: localNow() },
  })
  const save = handleSubmit(async (form) => {
    try {
      const { text_version: words, ...said } = form
      await api('POST /api/v1/customers/:id/consents', {
        params: { id: customer.id },
        body: {
          ...said,
          source: form.source.trim(),
          given_at: new Date(form.given_at).toISOString(),
          ...(words.trim() ? { text_version: words.trim() } : {}),
        },
      })
      await refresh('GET /api/v1/customers')
      onClose()
      toast(form.status === 'granted' ? t('Consent recorded') : t('Refusal recorded: no more messages on this channel'))
    } catch (error) {
      setRefusal(showRefusal(error, setError, ['source', 'text_version', 'given_at', 'channel', 'status']))
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Record a consent')}
      description={t('It is added to the list with its proof; older entries stay.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" type="submit" form="record-consent" busy={formState.isSubmitting}>
            {t('Record')}
          </Button>
        </>
      }
    >
      <form id="record-consent" onSubmit={(e) => void save(e)} noValidate className="space-y-4">
        {refusal && (
          <Note tone="risk" title={t('Not recorded')}>
            {refusal}
          </Note>
        )}
        <div className="grid grid-cols-2 gap-3">
          <Field label={t('Channel')}>
            <Select
              {...register('channel')}
              options={[
                { value: 'email', label: t('Email') },
                { value: 'sms', label: t('Texts') },
              ]}
            />
          </Field>
          <Field label={t('The customer')}>
            <Select
              {...register('status')}
              options={[
                { value: 'granted', label: t('agreed') },
                { value: 'denied', label: t('refused') },
              ]}
            />
          </Field>
        </div>
        <Field
          label={t('Where was it given?')}
          hint={t('For example: paper form at the till, phone call, web form.')}
          error={formState.errors.source?.message}
          required
        >
          <Input {...register('source', { required: t('Say where: a consent without its source is no proof.') })} />
        </Field>
        <Field label={t('Which words were agreed to?')} hint={t('The version of your form or text, if there is one.')}>
          <Input maxLength={200} {...register('text_version')} />
        </Field>
        <Field label={t('When?')} error={formState.errors.given_at?.message} required>
          <Input type="datetime-local" {...register('given_at', { required: t('Say when it was given.') })} />
        </Field>
      </form>
    </Dialog>
  )
}

function localNow(): string {
  const now = new Date()
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
