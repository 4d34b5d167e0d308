import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ApiKey } from './api-keys-page.tsx'
import { quotaNames, QuotaFields, quotaOf, quotaRules } from './quota-fields.tsx'

/** Name and quotas of a key; what it may do stays as it was made. */
export function EditKeyDialog({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({
    defaultValues: {
      name: apiKey.name,
      quota_per_minute: String(apiKey.quota_per_minute),
      quota_per_day: apiKey.quota_per_day === null ? '' : String(apiKey.quota_per_day),
    },
  })
  const { errors } = form.formState
  const save = useSend('PATCH /api/v1/api-keys/:id', {
    refresh: ['GET /api/v1/api-keys'],
    onDone: ({ name }) => {
      toast(t('{name} is saved', { name }))
      onClose()
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['name', ...quotaNames])),
  })
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({ params: { id: apiKey.id }, body: { name: v.name, ...quotaOf(v) } })
  })
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('Edit {name}', { name: apiKey.name })}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="edit-key" type="submit" busy={save.isPending}>
            {t('Save')}
          </Button>
        </>
      }
    >
      <form id="edit-key" className="grid gap-4 sm:grid-cols-2" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && (
          <div className="sm:col-span-2">
            <Note tone="risk" title={refusal} />
          </div>
        )}
        <Field className="sm:col-span-2" label={t('What it is for')} required error={errors.name?.message}>
          <Input {...form.register('name', { required: t('Write what the key is for.') })} />
        </Field>
        <QuotaFields
          minute={form.register('quota_per_minute', quotaRules.minute)}
          day={form.register('quota_per_day', quotaRules.day)}
          errors={errors}
        />
      </form>
    </Dialog>
  )
}
