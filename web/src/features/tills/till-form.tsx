import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { discard, showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { SaveBar } from '../settings/save-bar.tsx'
import { readers, type Till } from './till-words.ts'

/** Name, store, and what the payloads of this shop leave open. */
export function TillForm({ till }: { till: Till }) {
  const admin = useMay('admin')
  const stores = useApi('GET /api/v1/stores')
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({
    defaultValues: {
      name: till.name,
      store_id: till.store_id ?? '',
      order_number: till.settings.order_number,
      email_field: till.settings.consent_fields.email ?? '',
      sms_field: till.settings.consent_fields.sms ?? '',
    },
  })
  const save = useSend('PATCH /api/v1/integrations/:id', {
    refresh: readers,
    onDone: ({ name }) => toast(t('{name} saved', { name })),
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['name'])),
  })
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      params: { id: till.id },
      body: {
        name: v.name,
        store_id: v.store_id || null,
        settings: {
          order_number: v.order_number,
          consent_fields: { email: v.email_field.trim() || null, sms: v.sms_field.trim() || null },
        },
      },
    })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <Panel title={t('Settings')}>
        <fieldset disabled={!admin} className="space-y-4">
          <Field label={t('Name')} required error={errors.name?.message}>
            <Input {...form.register('name', { required: t('Give it a name, like the one of the shop.') })} />
          </Field>
          <Field label={t('Its orders count for')} hint={t('Where an order does not name a store itself.')}>
            <Select
              {...form.register('store_id')}
              options={[
                { value: '', label: t('no store') },
                ...(stores.data?.data ?? []).map((s) => ({ value: s.id, label: s.name })),
              ]}
            />
          </Field>
          <Field
            label={t('Number of an order')}
            hint={t(
              'Choose the visible number if you imported its orders from a file before; else they are counted twice.',
            )}
          >
            <Select
              {...form.register('order_number')}
              options={[
                { value: 'id', label: t('the id of the shop, like {example}', { example: `${till.prefix}:5001` }) },
                {
                  value: 'number',
                  label: t('the visible number, like {example}', {
                    example: till.kind === 'shopify' ? '#1001' : '1001',
                  }),
                },
              ]}
            />
          </Field>
          {till.kind === 'woocommerce' && (
            <>
              <Field
                label={t('Field of the email box at the checkout')}
                hint={t(
                  'The name under which your checkout plugin keeps "may write to me". Empty: nobody is subscribed.',
                )}
              >
                <Input placeholder="_newsletter" spellCheck={false} {...form.register('email_field')} />
              </Field>
              <Field label={t('Field of the text message box')}>
                <Input spellCheck={false} {...form.register('sms_field')} />
              </Field>
            </>
          )}
        </fieldset>
        <SaveBar dirty={isDirty} busy={save.isPending} refusal={refusal} onReset={() => discard(form)} />
      </Panel>
    </form>
  )
}
