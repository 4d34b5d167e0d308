import { useForm, useWatch } from 'react-hook-form'
import { useState } from 'react'
import { stateCodes, stateName } from '#core/knowledge/states.ts'
import type { ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { Button, TextButton, TextLink } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { TryAnswer } from './compliance-answer.tsx'

export type CheckAnswer = ReplyOf<'POST /api/v1/compliance/check'>

const empty = {
  offer_id: '',
  offer_text: '',
  state: '',
  recipient_state: '',
  email: true,
  sms: true,
  start: '18:00',
  end: '22:00',
  day: '',
  time: '',
  text: '',
  audience: '',
}
/** The example of the first brief of this product: it may run nowhere as it was written. */
const example = { ...empty, offer_text: 'Buy 2 get 10 % off', text: 'Buy 2, get 10 % off. Tonight from 6 to 10!' }

/** Paste an offer, a state, a message, a channel and a time, and see what the rules say. Nothing is stored. */
export default function ComplianceTryPage() {
  const [refusal, setRefusal] = useState<string | null>(null)
  const offers = useApi('GET /api/v1/offers', { query: {} }, { staleMs: 60_000 })
  const { register, handleSubmit, setError, reset, control, formState } = useForm({ defaultValues: empty })
  const chosenOffer = useWatch({ control, name: 'offer_id' })
  const ask = useSend('POST /api/v1/compliance/check', {
    onError: (error) =>
      setRefusal(showRefusal(error, setError, ['offer_text', 'state', 'recipient_state', 'day', 'time', 'text'])),
  })
  const submit = handleSubmit((v) => {
    setRefusal(null)
    ask.mutate({
      body: {
        ...(v.offer_id ? { offer_id: v.offer_id } : v.offer_text.trim() ? { offer_text: v.offer_text.trim() } : {}),
        ...(v.state ? { state: v.state } : {}),
        ...(v.recipient_state ? { recipient_state: v.recipient_state } : {}),
        every_state: true,
        channels: [...(v.email ? (['email'] as const) : []), ...(v.sms ? (['sms'] as const) : [])],
        ...(v.start && v.end && v.end > v.start ? { window: { start: v.start, end: v.end } } : {}),
        ...(v.day ? { day: v.day } : {}),
        ...(v.day && v.time ? { time: v.time } : {}),
        ...(v.text.trim() ? { text: v.text.trim() } : {}),
        ...(v.audience.trim() ? { audience_share: Number(v.audience) / 100 } : {}),
      },
    })
  })
  const { errors } = formState
  const states = [{ value: '', label: t('My stores') }, ...stateCodes.map((s) => ({ value: s, label: stateName(s) }))]
  return (
    <Page
      title={t('Try the rules')}
      back={<TextLink to="/settings/compliance">{t('Compliance')}</TextLink>}
      subtitle={t('An offer, a message, a time: what the law and your own limits say. Nothing is stored or sent.')}
    >
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(320px,440px)_1fr]">
        <form onSubmit={(e) => void submit(e)} noValidate>
          <Panel
            title={t('What do you want to send?')}
            actions={
              <TextButton onClick={() => reset(example)} className="text-sm">
                {t('Fill in an example')}
              </TextButton>
            }
          >
            <div className="grid grid-cols-2 gap-3">
              {refusal && (
                <div className="col-span-2">
                  <Note tone="risk" title={refusal} />
                </div>
              )}
              <Field
                label={t('Offer in words')}
                hint={t('Like “buy 2 get 10% off” or “$5 off $60”.')}
                error={errors.offer_text?.message}
                className="col-span-2"
              >
                <Input maxLength={300} disabled={chosenOffer !== ''} {...register('offer_text')} />
              </Field>
              <Field label={t('Or one of yours')} className="col-span-2">
                <Select
                  {...register('offer_id')}
                  options={[
                    { value: '', label: t('None: as written above') },
                    ...(offers.data?.data ?? []).map((o) => ({ value: o.id, label: o.title })),
                  ]}
                />
              </Field>
              <Field label={t('The store is in')} error={errors.state?.message}>
                <Select {...register('state')} options={states} />
              </Field>
              <Field label={t('The customer lives in')} error={errors.recipient_state?.message}>
                <Select
                  {...register('recipient_state')}
                  options={[{ value: '', label: t('The same state') }, ...states.slice(1)]}
                />
              </Field>
              <fieldset className="col-span-2 flex flex-wrap gap-x-5 gap-y-1">
                <legend className="mb-1 font-medium">{t('Over')}</legend>
                <Checkbox label={t('Email')} {...register('email')} />
                <Checkbox label={t('Text')} {...register('sms')} />
              </fieldset>
              <Field label={t('Not before')}>
                <Input type="time" {...register('start')} />
              </Field>
              <Field label={t('Not after')}>
                <Input type="time" {...register('end')} />
              </Field>
              <Field label={t('Day')} hint={t('Empty: any day.')} error={errors.day?.message}>
                <Input type="date" {...register('day')} />
              </Field>
              <Field label={t('At exactly')} hint={t('By the customer’s clock.')} error={errors.time?.message}>
                <Input type="time" {...register('time')} />
              </Field>
              <Field label={t('Message')} error={errors.text?.message} className="col-span-2">
                <Textarea rows={4} {...register('text')} />
              </Field>
              <Field
                label={t('For an advertisement elsewhere: percent of its audience that is 21 or over')}
                className="col-span-2"
              >
                <Input type="number" min={0} max={100} step="0.1" className="max-w-32" {...register('audience')} />
              </Field>
              <div className="col-span-2 flex justify-end">
                <Button look="primary" type="submit" busy={ask.isPending}>
                  {t('Check')}
                </Button>
              </div>
            </div>
          </Panel>
        </form>
        <div aria-live="polite">
          {ask.data ? (
            <TryAnswer answer={ask.data} />
          ) : (
            <div className="rounded-lg border border-dashed border-line-strong p-6 text-ink-2">
              {t(
                'The answer comes here: per store, per hour, and for every word, each with its rule, source and cure.',
              )}
            </div>
          )}
        </div>
      </div>
    </Page>
  )
}
