import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { departmentWords, storeReaders, type Store } from './store-words.ts'

const fields = [
  'name',
  'legal_name',
  'licence_number',
  'address',
  'city',
  'state',
  'zip',
  'time_zone',
  'phone',
  'website',
  'external_id',
  'sells',
] as const
const sellable = ['spirits', 'wine', 'beer', 'other'] as const

/** Adds or changes a store; the server's refusals stand beside their fields. */
export function StoreDialog({ store, onClose }: { store: Store | null; onClose: () => void }) {
  const shop = useApi('GET /api/v1/settings/shop', undefined, { enabled: store === null })
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({
    values: {
      name: store?.name ?? shop.data?.name ?? '',
      legal_name: store?.legal_name ?? '',
      licence_number: store?.licence_number ?? '',
      address: store?.address ?? '',
      city: store?.city ?? '',
      state: store?.state ?? '',
      zip: store?.zip ?? '',
      time_zone: store?.time_zone ?? shop.data?.time_zone ?? '',
      phone: store?.phone ?? '',
      website: store?.website ?? '',
      external_id: store?.external_id ?? '',
      sells: store?.sells ?? (['spirits', 'wine', 'beer'] as Store['sells']),
    },
    resetOptions: { keepDirtyValues: true },
  })
  const outcome = {
    refresh: storeReaders,
    onDone: (saved: Store) => {
      toast(t('{name} saved', { name: saved.name }))
      onClose()
    },
    onError: (error: unknown) => setRefusal(showRefusal(error, form.setError, [...fields])),
  }
  const create = useSend('POST /api/v1/stores', outcome)
  const update = useSend('PATCH /api/v1/stores/:id', outcome)
  const { errors } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    const body = {
      ...v,
      state: v.state.trim().toUpperCase(),
      licence_number: v.licence_number.trim() || null,
      phone: v.phone.trim() || null,
      website: v.website.trim() || null,
      external_id: v.external_id.trim() || null,
    }
    if (store) update.mutate({ params: { id: store.id }, body })
    else create.mutate({ body })
  })
  const required = t('Needed.')
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={store ? t('Edit {name}', { name: store.name }) : t('Add a store')}
      description={t('The address stands at the foot of every message; the law asks for it.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="store" type="submit" busy={create.isPending || update.isPending}>
            {t('Save')}
          </Button>
        </>
      }
    >
      <form id="store" className="grid gap-4 sm:grid-cols-6" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && (
          <div className="sm:col-span-6">
            <Note tone="risk" title={refusal} />
          </div>
        )}
        <Field label={t('Name customers know')} required error={errors.name?.message} className="sm:col-span-3">
          <Input {...form.register('name', { required })} />
        </Field>
        <Field label={t('Name on the licence')} required error={errors.legal_name?.message} className="sm:col-span-3">
          <Input {...form.register('legal_name', { required })} />
        </Field>
        <Field label={t('Street and number')} required error={errors.address?.message} className="sm:col-span-6">
          <Input autoComplete="street-address" {...form.register('address', { required })} />
        </Field>
        <Field label={t('City')} required error={errors.city?.message} className="sm:col-span-3">
          <Input autoComplete="address-level2" {...form.register('city', { required })} />
        </Field>
        <Field label={t('State')} required error={errors.state?.message} className="sm:col-span-1">
          <Input maxLength={2} autoCapitalize="characters" {...form.register('state', { required })} />
        </Field>
        <Field label={t('ZIP code')} required error={errors.zip?.message} className="sm:col-span-2">
          <Input inputMode="numeric" autoComplete="postal-code" {...form.register('zip', { required })} />
        </Field>
        <Field
          label={t('Time zone')}
          required
          hint={t('Like America/Chicago.')}
          error={errors.time_zone?.message}
          className="sm:col-span-3"
        >
          <Input
            list="store-zones"
            spellCheck={false}
            {...form.register('time_zone', {
              validate: (z) =>
                Intl.supportedValuesOf('timeZone').includes(z) ||
                t('Choose a zone of the list, like America/New_York.'),
            })}
          />
        </Field>
        <datalist id="store-zones">
          {Intl.supportedValuesOf('timeZone')
            .filter((z) => z.startsWith('America/') || z.startsWith('Pacific/'))
            .map((z) => (
              <option key={z} value={z}>
                {z}
              </option>
            ))}
        </datalist>
        <Field
          label={t('Phone')}
          hint={t('Like +13125550142.')}
          error={errors.phone?.message}
          className="sm:col-span-3"
        >
          <Input type="tel" {...form.register('phone')} />
        </Field>
        <Field
          label={t('Licence number')}
          hint={t('Some states want it in every advertisement.')}
          error={errors.licence_number?.message}
          className="sm:col-span-3"
        >
          <Input {...form.register('licence_number')} />
        </Field>
        <Field
          label={t('Website')}
          hint={t('Empty: the website of the shop.')}
          error={errors.website?.message}
          className="sm:col-span-3"
        >
          <Input type="url" placeholder="https://" {...form.register('website')} />
        </Field>
        <Field
          label={t('Number in your till')}
          hint={t('Imports find the store by it, or by its name.')}
          error={errors.external_id?.message}
          className="sm:col-span-3"
        >
          <Input {...form.register('external_id')} />
        </Field>
        <fieldset className="sm:col-span-3">
          <legend className="mb-1 font-medium">{t('The licence covers')}</legend>
          <div className="grid grid-cols-2 gap-1">
            {sellable.map((d) => (
              <Checkbox
                key={d}
                label={t(departmentWords[d])}
                value={d}
                {...form.register('sells', { validate: (all) => all.length > 0 || t('Choose at least one.') })}
              />
            ))}
          </div>
          {errors.sells && <p className="mt-1 text-sm text-risk">{errors.sells.message}</p>}
        </fieldset>
      </form>
    </Dialog>
  )
}
