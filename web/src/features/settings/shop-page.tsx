import { useState } from 'react'
import { useForm } from 'react-hook-form'
import type { ReplyOf } from '../../lib/api.ts'
import { discard, showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Field, Input } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { SaveBar } from './save-bar.tsx'
import { SettingsFrame } from './settings-frame.tsx'

type Shop = ReplyOf<'GET /api/v1/settings/shop'>

export default function ShopPage() {
  const shop = useApi('GET /api/v1/settings/shop')
  return (
    <SettingsFrame>
      <QueryFrame query={shop} what={t('The shop profile')} skeleton={<Skeleton className="h-120" />}>
        {(data) => <ShopForm shop={data} />}
      </QueryFrame>
    </SettingsFrame>
  )
}

const fields = [
  'name',
  'currency',
  'time_zone',
  'margin_pct',
  'low_basket_cents',
  'from_name',
  'from_email',
  'reply_to',
  'website',
  'brand_color',
] as const

// Empty fields and whole dollars are for people; the server keeps nulls and cents.
const shown = (shop: Shop) => ({
  ...shop,
  reply_to: shop.reply_to ?? '',
  website: shop.website ?? '',
  low_basket_cents: shop.low_basket_cents / 100,
})

function ShopForm({ shop }: { shop: Shop }) {
  const admin = useMay('admin')
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ values: shown(shop), resetOptions: { keepDirtyValues: true } })
  const save = useSend('PATCH /api/v1/settings/shop', {
    onDone: (saved) => {
      form.reset(shown(saved))
      toast(t('Shop profile saved'))
      // Currency and zone change every figure on every page.
      void refresh()
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, [...fields])),
  })
  const { errors, isDirty } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      body: {
        ...v,
        reply_to: v.reply_to.trim() || null,
        website: v.website.trim() || null,
        low_basket_cents: Math.round(v.low_basket_cents * 100),
      },
    })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <fieldset disabled={!admin} className="space-y-5">
        <Panel title={t('Shop')}>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Name')} error={errors.name?.message} className="sm:col-span-2">
              <Input {...form.register('name', { required: t('Write the name of the shop.') })} />
            </Field>
            <Field
              label={t('Time zone')}
              hint={t('Days and weeks begin at midnight here.')}
              error={errors.time_zone?.message}
            >
              <Input
                list="zones"
                spellCheck={false}
                {...form.register('time_zone', {
                  validate: (z) =>
                    Intl.supportedValuesOf('timeZone').includes(z) ||
                    z === 'UTC' ||
                    t('Choose a zone of the list, like America/New_York.'),
                })}
              />
            </Field>
            <datalist id="zones">
              {Intl.supportedValuesOf('timeZone').map((z) => (
                <option key={z} value={z}>
                  {z}
                </option>
              ))}
            </datalist>
            <Field label={t('Currency')} hint={t('Three letters, like USD.')} error={errors.currency?.message}>
              <Input
                maxLength={3}
                autoCapitalize="characters"
                {...form.register('currency', {
                  pattern: { value: /^[A-Z]{3}$/, message: t('Write three capital letters, like USD.') },
                })}
              />
            </Field>
            <Field
              label={t('Gross margin, percent')}
              hint={t('Used where a product has no cost.')}
              error={errors.margin_pct?.message}
            >
              <Input
                type="number"
                min={0}
                max={100}
                step="0.1"
                inputMode="decimal"
                {...form.register('margin_pct', {
                  valueAsNumber: true,
                  validate: (n) => (n >= 0 && n <= 100) || t('Write a number from 0 to 100.'),
                })}
              />
            </Field>
            <Field
              label={t('Small basket, below ({currency})', { currency: shop.currency })}
              hint={t('Frequent customers below it form a segment of their own at the next scoring.')}
              error={errors.low_basket_cents?.message}
            >
              <Input
                type="number"
                min={1}
                max={10_000}
                step="0.01"
                inputMode="decimal"
                {...form.register('low_basket_cents', {
                  valueAsNumber: true,
                  validate: (n) => (n >= 1 && n <= 10_000) || t('Write an amount from 1 to 10,000.'),
                })}
              />
            </Field>
            <Field label={t('Color of messages')} error={errors.brand_color?.message}>
              <Input type="color" className="p-1!" {...form.register('brand_color')} />
            </Field>
          </div>
        </Panel>
        <Panel title={t('Sender')} detail={t('What customers see in their mailbox')}>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Sender name')} error={errors.from_name?.message}>
              <Input {...form.register('from_name', { required: t('Write the name customers know.') })} />
            </Field>
            <Field label={t('Sender address')} error={errors.from_email?.message}>
              <Input
                type="email"
                {...form.register('from_email', { required: t('Write an address of your own domain.') })}
              />
            </Field>
            <Field label={t('Replies go to')} hint={t('Empty: the sender address.')} error={errors.reply_to?.message}>
              <Input type="email" {...form.register('reply_to')} />
            </Field>
            <Field
              label={t('Website')}
              hint={t('Links in messages lead here. Empty: the domain of the sender address.')}
              error={errors.website?.message}
            >
              <Input type="url" placeholder="https://" {...form.register('website')} />
            </Field>
          </div>
        </Panel>
      </fieldset>
      <SaveBar dirty={isDirty} busy={save.isPending} refusal={refusal} onReset={() => discard(form)} />
    </form>
  )
}
