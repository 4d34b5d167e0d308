import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { formReaders, keyOf } from './signup-words.ts'

/** Asks for a name and an address; everything else is changed on the page of the form. */
export function NewFormDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate()
  const shop = useApi('GET /api/v1/settings/shop')
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ defaultValues: { name: '', key: '' } })
  const { errors, dirtyFields } = form.formState
  const name = useWatch({ control: form.control, name: 'name' })
  const create = useSend('POST /api/v1/signup-forms', {
    refresh: formReaders,
    onDone: ({ id }) => void navigate({ to: '/settings/sign-up/$id', params: { id } } as never),
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['name', 'key'])),
  })
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    create.mutate({
      body: {
        name: v.name,
        key: (dirtyFields.key ? v.key : keyOf(v.name)).trim(),
        channels: ['email'],
        headline: t('Good bottles, told to you first'),
        intro: t('Offers, new arrivals and tastings of {shop}. For adults of 21 and over.', {
          shop: shop.data?.name ?? '',
        }),
      },
    })
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('New sign-up form')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="new-sign-up" type="submit" busy={create.isPending}>
            {t('Make the form')}
          </Button>
        </>
      }
    >
      <form id="new-sign-up" className="space-y-4" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && <Note tone="risk" title={refusal} />}
        <Field label={t('Name')} required hint={t('For you; customers do not see it.')} error={errors.name?.message}>
          <Input placeholder={t('Counter at Oak Street')} {...form.register('name', { required: t('Needed.') })} />
        </Field>
        <Field
          label={t('Address')}
          hint={t('It stands on posters, so it cannot be changed later.')}
          error={errors.key?.message}
        >
          <Input placeholder={keyOf(name) || 'news'} {...form.register('key')} />
        </Field>
      </form>
    </Dialog>
  )
}
