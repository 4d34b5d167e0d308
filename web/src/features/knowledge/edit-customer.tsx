import { useForm } from 'react-hook-form'
import { call, type ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { refresh } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { customerName, usStates, type Customer } from './customer-words.ts'
import { useState } from 'react'

const fields = ['name', 'first_name', 'email', 'phone', 'birth_date', 'city', 'state', 'zip', 'tags'] as const
type Form = Record<(typeof fields)[number], string>

/** Changes a customer; the etag keeps two people from overwriting each other. */
export async function patchCustomer(id: string, etag: string, body: Record<string, unknown>): Promise<Customer> {
  const changed = (await call(
    'PATCH /api/v1/customers/:id',
    { params: { id }, body },
    { headers: { 'if-match': etag } },
  )) as ReplyOf<'PATCH /api/v1/customers/:id'>
  await refresh('GET /api/v1/customers')
  return changed
}

/** Profile in a drawer; saving offers Undo. */
export function EditCustomer({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const { register, handleSubmit, setError, formState } = useForm<Form>({ defaultValues: formOf(customer) })
  const [refusal, setRefusal] = useState<string | null>(null)
  const { errors, dirtyFields, isSubmitting } = formState
  const save = handleSubmit(async (form) => {
    const changed = fields.filter((f) => dirtyFields[f])
    if (changed.length === 0) return onClose()
    const before = formOf(customer)
    try {
      const saved = await patchCustomer(customer.id, customer.etag, bodyOf(form, changed))
      onClose()
      toast(t('Saved {name}', { name: customerName(saved) }), {
        undo: () => void patchCustomer(saved.id, saved.etag, bodyOf(before, changed)).catch(toastError),
      })
    } catch (error) {
      setRefusal(showRefusal(error, setError, [...fields]))
    }
  })
  const input = (
    name: keyof Form,
    label: string,
    extra: { type?: string; hint?: string; autoComplete?: string } = {},
  ) => (
    <Field label={label} error={errors[name]?.message} {...(extra.hint ? { hint: extra.hint } : {})}>
      <Input {...register(name)} type={extra.type ?? 'text'} autoComplete="off" />
    </Field>
  )
  return (
    <Drawer
      open
      onClose={onClose}
      title={t('Edit {name}', { name: customerName(customer) })}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" type="submit" form="edit-customer" busy={isSubmitting}>
            {t('Save')}
          </Button>
        </>
      }
    >
      <form id="edit-customer" onSubmit={(e) => void save(e)} noValidate className="space-y-4">
        {refusal && (
          <Note tone="risk" title={t('Not saved')}>
            {refusal}
          </Note>
        )}
        {input('name', t('Full name'))}
        {input('first_name', t('First name'), { hint: t('Used in greetings.') })}
        {input('email', t('Email'), { type: 'email' })}
        {input('phone', t('Phone'), { type: 'tel' })}
        {input('birth_date', t('Date of birth'), {
          type: 'date',
          hint: t('Enter it after seeing an ID: it decides who may get alcohol offers.'),
        })}
        <div className="grid grid-cols-[1fr_90px_100px] gap-3">
          {input('city', t('City'))}
          <Field label={t('State')} error={errors.state?.message}>
            <Select
              {...register('state')}
              options={[{ value: '', label: '–' }, ...usStates.map((s) => ({ value: s, label: s }))]}
            />
          </Field>
          {input('zip', t('ZIP'))}
        </div>
        {input('tags', t('Tags'), { hint: t('Separate them by commas.') })}
      </form>
    </Drawer>
  )
}

function formOf(c: Customer): Form {
  return {
    name: c.name ?? '',
    first_name: c.first_name ?? '',
    email: c.email ?? '',
    phone: c.phone ?? '',
    birth_date: c.birth_date ?? '',
    city: c.city ?? '',
    state: c.state ?? '',
    zip: c.zip ?? '',
    tags: c.tags.join(', '),
  }
}

function bodyOf(form: Form, changed: readonly (keyof Form)[]): Record<string, unknown> {
  return Object.fromEntries(
    changed.map((f) => [
      f,
      f === 'tags'
        ? form.tags
            .split(',')
            .map((x) => x.trim().toLowerCase())
            .filter(Boolean)
        : form[f].trim() === ''
          ? null
          : form[f].trim(),
    ]),
  )
}
