import { useState } from 'react'
import { useForm } from 'react-hook-form'
import type { ReplyOf } from '../../lib/api.ts'
import { discard, showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { SaveBar } from './save-bar.tsx'
import { SettingsFrame } from './settings-frame.tsx'

type Limits = ReplyOf<'GET /api/v1/settings/limits'>

export default function LimitsPage() {
  const limits = useApi('GET /api/v1/settings/limits')
  return (
    <SettingsFrame>
      <QueryFrame query={limits} what={t('The sending limits')} skeleton={<Skeleton className="h-120" />}>
        {(data) => <LimitsForm limits={data} />}
      </QueryFrame>
    </SettingsFrame>
  )
}

const orEmpty = (n: number | null): string => (n === null ? '' : String(n))
const orNull = (text: string): number | null => (text.trim() === '' ? null : Number(text))
/** What the server takes: up to a hundred million. */
const wholeOrNothing = (least: number) => ({
  validate: (text: string) =>
    text.trim() === '' ||
    (/^\d{1,8}$/.test(text.trim()) && Number(text) >= least) ||
    t('Write a whole number, or nothing.'),
})

// Percent and empty fields are for people; the server keeps shares and nulls.
const shown = (l: Limits) => ({
  ...l,
  holdout_percent: Math.round(l.holdout_share * 1000) / 10,
  email_per_day: orEmpty(l.email_per_day),
  sms_per_day: orEmpty(l.sms_per_day),
  budget: orEmpty(l.budget_week_cents === null ? null : l.budget_week_cents / 100),
  four_eyes_above: orEmpty(l.four_eyes_above),
  attested: l.email_ages.includes('attested'),
})

function LimitsForm({ limits }: { limits: Limits }) {
  const admin = useMay('admin')
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ values: shown(limits), resetOptions: { keepDirtyValues: true } })
  const save = useSend('PATCH /api/v1/settings/limits', {
    refresh: ['GET /api/v1/settings/limits'],
    onDone: (saved) => {
      form.reset(shown(saved))
      toast(t('Sending limits saved. Plans made from now on keep to them.'))
    },
    onError: (error) =>
      setRefusal(
        showRefusal(error, form.setError, [
          'max_per_customer_week',
          'max_sms_per_customer_week',
          'email_per_day',
          'sms_per_day',
          'four_eyes_above',
        ]),
      ),
  })
  const { errors, isDirty } = form.formState
  const whole = (least: number, most: number) => ({
    valueAsNumber: true as const,
    validate: (n: number) =>
      (Number.isInteger(n) && n >= least && n <= most) ||
      t('Write a whole number from {least} to {most}.', { least, most }),
  })
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      body: {
        max_per_customer_week: v.max_per_customer_week,
        max_sms_per_customer_week: v.max_sms_per_customer_week,
        holdout_share: v.holdout_percent / 100,
        email_window: v.email_window,
        sms_window: v.sms_window,
        email_ages: v.attested ? ['dob_verified', 'attested'] : ['dob_verified'],
        unknown_place: v.unknown_place,
        email_per_day: orNull(v.email_per_day),
        sms_per_day: orNull(v.sms_per_day),
        budget_week_cents: v.budget.trim() === '' ? null : Math.round(Number(v.budget) * 100),
        four_eyes_above: orNull(v.four_eyes_above),
      },
    })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate>
      <fieldset disabled={!admin} className="space-y-5">
        <Panel title={t('How often')}>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Messages per customer and week')} error={errors.max_per_customer_week?.message}>
              <Input type="number" min={1} max={14} {...form.register('max_per_customer_week', whole(1, 14))} />
            </Field>
            <Field label={t('Of these, texts')} error={errors.max_sms_per_customer_week?.message}>
              <Input type="number" min={0} max={7} {...form.register('max_sms_per_customer_week', whole(0, 7))} />
            </Field>
            <Field
              label={t('Emails per day, all customers')}
              hint={t('Empty: no limit.')}
              error={errors.email_per_day?.message}
            >
              <Input inputMode="numeric" {...form.register('email_per_day', wholeOrNothing(1))} />
            </Field>
            <Field
              label={t('Texts per day, all customers')}
              hint={t('Empty: no limit.')}
              error={errors.sms_per_day?.message}
            >
              <Input inputMode="numeric" {...form.register('sms_per_day', wholeOrNothing(1))} />
            </Field>
            <Field
              label={t('Budget of a week, in dollars')}
              hint={t('What messages and used reductions may cost as far as can be expected. Empty: no limit.')}
              error={errors.budget?.message}
            >
              <Input
                inputMode="decimal"
                {...form.register('budget', {
                  validate: (s) =>
                    s.trim() === '' ||
                    (Number(s) >= 1 && Number(s) <= 10_000_000) ||
                    t('Write an amount from 1 on, or nothing.'),
                })}
              />
            </Field>
            <Field
              label={t('Two people above so many messages')}
              hint={t('Somebody else than who approved a campaign starts it. Empty: whoever may.')}
              error={errors.four_eyes_above?.message}
            >
              <Input inputMode="numeric" {...form.register('four_eyes_above', wholeOrNothing(0))} />
            </Field>
            <Field
              label={t('Held out, percent of customers')}
              hint={t('They get nothing, so that what messages cause can be measured.')}
              error={errors.holdout_percent?.message}
            >
              <Input
                type="number"
                min={0}
                max={50}
                step="0.1"
                {...form.register('holdout_percent', {
                  valueAsNumber: true,
                  validate: (n) => (n >= 0 && n <= 50) || t('Write a number from 0 to 50.'),
                })}
              />
            </Field>
          </div>
        </Panel>
        <Panel title={t('Hours')} detail={t('By the clock of the customer. State law can narrow them, never widen.')}>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Emails from')}>
              <Input type="time" {...form.register('email_window.start')} />
            </Field>
            <Field label={t('Emails until')}>
              <Input type="time" {...form.register('email_window.end')} />
            </Field>
            <Field label={t('Texts from')}>
              <Input type="time" {...form.register('sms_window.start')} />
            </Field>
            <Field label={t('Texts until')}>
              <Input type="time" {...form.register('sms_window.end')} />
            </Field>
          </div>
        </Panel>
        <Panel title={t('Age and place')}>
          <div className="space-y-4">
            <Checkbox
              label={t('Email customers who stated that they are of age')}
              hint={t('Off: only those whose date of birth was checked. Texts always need a checked date of birth.')}
              {...form.register('attested')}
            />
            <Field label={t('When the state or time zone of a customer is not known')} className="max-w-80">
              <Select
                {...form.register('unknown_place')}
                options={[
                  { value: 'warn', label: t('Use the rules of the store, and warn') },
                  { value: 'hold', label: t('Hold the message') },
                ]}
              />
            </Field>
          </div>
        </Panel>
      </fieldset>
      <SaveBar dirty={isDirty} busy={save.isPending} refusal={refusal} onReset={() => discard(form)} />
    </form>
  )
}
