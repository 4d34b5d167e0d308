import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { discard, showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '../../ui/field.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { formReaders, type Form } from './signup-words.ts'

const shown = (f: Form) => ({
  name: f.name,
  store_id: f.store_id ?? '',
  channels: f.channels as string[],
  headline: f.headline,
  intro: f.intro,
  thanks: f.thanks,
  asks_name: f.asks_name,
  asks_zip: f.asks_zip,
  sites: f.sites.join('\n'),
  is_active: f.is_active,
})

/** The words and the choices of a form; the date of birth is not one of them. */
export function FormEditor({ form: stored }: { form: Form }) {
  const may = useMay('manager')
  const stores = useApi('GET /api/v1/stores')
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ values: shown(stored), resetOptions: { keepDirtyValues: true } })
  const { errors, isDirty } = form.formState
  const save = useSend('PATCH /api/v1/signup-forms/:id', {
    refresh: formReaders,
    onDone: (saved) => {
      form.reset(shown(saved))
      toast(t('{name} saved', { name: saved.name }))
    },
    onError: (error) =>
      setRefusal(showRefusal(error, form.setError, ['name', 'headline', 'channels', 'sites', 'store_id'])),
  })
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      params: { id: stored.id },
      body: {
        ...v,
        channels: (['email', 'sms'] as const).filter((c) => v.channels.includes(c)),
        store_id: v.store_id === '' ? null : v.store_id,
        sites: v.sites
          .split(/[\s,]+/)
          .map((s) => s.trim().replace(/\/+$/, ''))
          .filter(Boolean),
      },
    })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <fieldset disabled={!may}>
        <Panel title={t('The form')}>
          <div className="space-y-4">
            {refusal && <Note tone="risk" title={refusal} />}
            <Field
              label={t('Name')}
              required
              hint={t('For you; customers do not see it.')}
              error={errors.name?.message}
            >
              <Input {...form.register('name', { required: t('Needed.') })} />
            </Field>
            <Field label={t('Headline')} required error={errors.headline?.message}>
              <Input maxLength={120} {...form.register('headline', { required: t('Needed.') })} />
            </Field>
            <Field label={t('Introduction')}>
              <Textarea rows={3} maxLength={500} {...form.register('intro')} />
            </Field>
            <Field label={t('After confirming')} hint={t('For instance what happens next, or a welcome.')}>
              <Textarea rows={2} maxLength={500} {...form.register('thanks')} />
            </Field>
            <fieldset>
              <legend className="mb-1 font-medium">{t('It asks for')}</legend>
              <div className="space-y-1.5">
                <Checkbox
                  label={t('Email and its consent')}
                  value="email"
                  {...form.register('channels', {
                    validate: (c) => c.length > 0 || t('Choose email, texts, or both.'),
                  })}
                />
                <Checkbox label={t('Mobile number and consent to texts')} value="sms" {...form.register('channels')} />
                <Checkbox label={t('First name')} {...form.register('asks_name')} />
                <Checkbox
                  label={t('ZIP')}
                  hint={t('Tells the state, and by that hours and rules.')}
                  {...form.register('asks_zip')}
                />
                <Checkbox
                  label={t('Whole date of birth')}
                  hint={t('Always: nobody under 21 gets on the list, and carriers ask for it.')}
                  checked
                  disabled
                  readOnly
                />
              </div>
              {errors.channels && <p className="mt-1 text-sm text-risk">{errors.channels.message}</p>}
            </fieldset>
            <Field
              label={t('Its people belong to')}
              hint={t('With “they choose”, the QR code of a store has it chosen already.')}
              error={errors.store_id?.message}
            >
              <Select
                {...form.register('store_id')}
                options={[
                  { value: '', label: t('the store they choose') },
                  ...(stores.data?.data ?? []).map((s) => ({ value: s.id, label: s.name })),
                ]}
              />
            </Field>
            <Field
              label={t('Other websites that may show it')}
              hint={t('One per line, like https://www.example.com. Your own websites may always.')}
              error={errors.sites?.message}
            >
              <Textarea rows={2} spellCheck={false} {...form.register('sites')} />
            </Field>
            <Checkbox label={t('The form is open')} {...form.register('is_active')} />
          </div>
          {may && (
            <div className="mt-4 flex justify-end gap-2">
              <Button disabled={!isDirty || save.isPending} onClick={() => discard(form)}>
                {t('Discard changes')}
              </Button>
              <Button type="submit" look="primary" disabled={!isDirty} busy={save.isPending}>
                {t('Save')}
              </Button>
            </div>
          )}
        </Panel>
      </fieldset>
    </form>
  )
}
