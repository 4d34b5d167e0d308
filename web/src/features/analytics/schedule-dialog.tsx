import { useState } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import type { Schedule } from '#contract/reports.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'

const days = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const fields = ['name', 'every', 'on_day', 'at_hour', 'period', 'recipients'] as const

/** Adds or changes a report that comes by email. */
export function ScheduleDialog({ schedule, onClose }: { schedule: Schedule | null; onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({
    defaultValues: {
      name: schedule?.name ?? t('The week'),
      every: schedule?.every ?? ('week' as 'week' | 'month'),
      on_day: String(schedule?.on_day ?? 1),
      at_hour: String(schedule?.at_hour ?? 7),
      period: schedule?.period ?? ('7d' as Schedule['period']),
      recipients: schedule?.recipients.join(', ') ?? '',
    },
  })
  const outcome = {
    refresh: ['GET /api/v1/reports/schedules'],
    onDone: (saved: { name: string }) => {
      toast(t('{name} saved', { name: saved.name }))
      onClose()
    },
    onError: (error: unknown) => setRefusal(showRefusal(error, form.setError, [...fields])),
  }
  const create = useSend('POST /api/v1/reports/schedules', outcome)
  const update = useSend('PATCH /api/v1/reports/schedules/:id', outcome)
  const every = useWatch({ control: form.control, name: 'every' })
  const { errors } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    const body = {
      ...v,
      on_day: Number(v.on_day),
      at_hour: Number(v.at_hour),
      recipients: v.recipients.split(/[\s,;]+/).filter(Boolean),
    }
    if (schedule) update.mutate({ params: { id: schedule.id }, body })
    else create.mutate({ body })
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={schedule ? t('Edit {name}', { name: schedule.name }) : t('Send a report by email')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" busy={create.isPending || update.isPending} onClick={() => void submit()}>
            {t('Save')}
          </Button>
        </>
      }
    >
      <form className="space-y-3" onSubmit={(e) => void submit(e)}>
        {refusal && <Note tone="risk" title={refusal} />}
        <Field label={t('Name')} error={errors.name?.message} required>
          <Input {...form.register('name', { required: t('Needed.') })} />
        </Field>
        <div className="grid grid-cols-2 gap-3">
          <Field label={t('Every')}>
            <Select
              options={[
                { value: 'week', label: t('Week') },
                { value: 'month', label: t('Month') },
              ]}
              {...form.register('every', { onChange: () => form.setValue('on_day', '1') })}
            />
          </Field>
          <Field label={every === 'week' ? t('Day') : t('Day of the month')} error={errors.on_day?.message}>
            <Select
              options={
                every === 'week'
                  ? days.map((d, i) => ({ value: String(i + 1), label: t(d) }))
                  : Array.from({ length: 28 }, (_, i) => ({ value: String(i + 1), label: String(i + 1) }))
              }
              {...form.register('on_day')}
            />
          </Field>
          <Field label={t('Hour of the shop’s day')}>
            <Select
              options={Array.from({ length: 24 }, (_, h) => ({ value: String(h), label: `${h}:00` }))}
              {...form.register('at_hour')}
            />
          </Field>
          <Field label={t('About')}>
            <Select
              options={[
                { value: '7d', label: t('Last 7 days') },
                { value: '30d', label: t('Last 30 days') },
                { value: '90d', label: t('Last 90 days') },
                { value: '12m', label: t('Last 12 months') },
              ]}
              {...form.register('period')}
            />
          </Field>
        </div>
        <Field
          label={t('To')}
          hint={t('One or more addresses, with commas between')}
          error={errors.recipients?.message}
          required
        >
          <Input
            type="text"
            inputMode="email"
            autoComplete="email"
            {...form.register('recipients', { required: t('Needed.') })}
          />
        </Field>
      </form>
    </Dialog>
  )
}
