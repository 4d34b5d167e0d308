import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { scopes, scopeWords, type Scope } from '#contract/scopes.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { quotaNames, QuotaFields, quotaOf, quotaRules, usualQuotas } from './quota-fields.tsx'

const ends: Record<string, number | null> = { '30': 30, '90': 90, '365': 365, never: null }

function endOf(choice: string): string | null {
  const days = ends[choice] ?? null
  return days === null ? null : new Date(Date.now() + days * 86_400_000).toISOString()
}

/** Asks what a key is for, then shows its secret, once. */
export function ApiKeyDialog({ onClose }: { onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const [made, setMade] = useState<{ name: string; secret: string } | null>(null)
  const form = useForm({ defaultValues: { name: '', scopes: [] as Scope[], ends: '365', ...usualQuotas } })
  const create = useSend('POST /api/v1/api-keys', {
    refresh: ['GET /api/v1/api-keys'],
    onDone: ({ name, secret }) => setMade({ name, secret }),
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['name', 'scopes', ...quotaNames])),
  })
  const { errors } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    create.mutate({
      body: {
        name: v.name,
        scopes: v.scopes,
        expires_at: endOf(v.ends),
        ...quotaOf(v),
      },
    })
  })
  if (made) return <Secret {...made} onClose={onClose} />
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('New API key')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="api-key" type="submit" busy={create.isPending}>
            {t('Make the key')}
          </Button>
        </>
      }
    >
      <form id="api-key" className="grid gap-4 sm:grid-cols-2" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && (
          <div className="sm:col-span-2">
            <Note tone="risk" title={refusal} />
          </div>
        )}
        <Field label={t('What it is for')} required error={errors.name?.message}>
          <Input
            placeholder={t('Till at Oak Street')}
            {...form.register('name', { required: t('Write what the key is for.') })}
          />
        </Field>
        <Field label={t('Ends')} hint={t('Whoever finds an old key finds a dead one.')}>
          <Select
            {...form.register('ends')}
            options={[
              { value: '30', label: t('in 30 days') },
              { value: '90', label: t('in 90 days') },
              { value: '365', label: t('in a year') },
              { value: 'never', label: t('never') },
            ]}
          />
        </Field>
        <QuotaFields
          minute={form.register('quota_per_minute', quotaRules.minute)}
          day={form.register('quota_per_day', quotaRules.day)}
          errors={errors}
        />
        <fieldset className="sm:col-span-2" aria-describedby={errors.scopes ? 'scopes-error' : undefined}>
          <legend className="mb-1 font-medium">{t('It may')}</legend>
          <div className="grid gap-x-4 gap-y-2 sm:grid-cols-2">
            {scopes.map((scope) => (
              <Checkbox
                key={scope}
                label={t(scopeWords[scope])}
                hint={<code>{scope}</code>}
                value={scope}
                {...form.register('scopes', {
                  validate: (chosen) => chosen.length > 0 || t('Choose at least one.'),
                })}
              />
            ))}
          </div>
          {errors.scopes && (
            <p id="scopes-error" className="mt-1 text-sm text-risk">
              {errors.scopes.message}
            </p>
          )}
        </fieldset>
      </form>
    </Dialog>
  )
}

function Secret({ name, secret, onClose }: { name: string; secret: string; onClose: () => void }) {
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('The key of {name}', { name })}
      footer={
        <Button look="primary" onClick={onClose}>
          {t('I have stored it')}
        </Button>
      }
    >
      <div className="space-y-4">
        <Note tone="warn" title={t('It is shown now and never again')}>
          {t('Copy it into the program that needs it. Whoever has it may do what it allows.')}
        </Note>
        <CopyField label={t('Key')} value={secret} />
        <CopyField
          label={t('To try it out')}
          value={`curl -i -H 'Authorization: Bearer ${secret}' ${location.origin}/api/v1/orders`}
        />
      </div>
    </Dialog>
  )
}
