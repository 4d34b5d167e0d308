import { useState } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import type { ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { zonePlace, shopZone } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'

type Settings = ReplyOf<'GET /api/v1/settings/backups'>

/** When backups are made by themselves, and how many of these are kept. */
export function BackupSchedule({ settings, onClose }: { settings: Settings; onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const form = useForm({ defaultValues: settings })
  const save = useSend('PATCH /api/v1/settings/backups', {
    refresh: ['GET /api/v1/settings/backups', 'GET /api/v1/system'],
    onDone: ({ enabled, at }) => {
      toast(enabled ? t('A backup is made every night at {at}.', { at }) : t('No backup is made by itself any more.'))
      onClose()
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['at', 'keep'])),
  })
  const { errors } = form.formState
  const enabled = useWatch({ control: form.control, name: 'enabled' })
  const submit = form.handleSubmit((body) => {
    setRefusal(null)
    save.mutate({ body })
  })
  return (
    <Dialog
      open
      title={t('Backups by the clock')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button type="submit" form="backup-schedule" look="primary" busy={save.isPending}>
            {t('Save')}
          </Button>
        </>
      }
    >
      <form id="backup-schedule" onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
        <Checkbox label={t('Make a backup every night')} {...form.register('enabled')} />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field
            label={t('At')}
            hint={t('In {zone}. A machine that slept makes it up.', { zone: zonePlace(shopZone()) })}
            error={errors.at?.message}
          >
            <Input
              type="time"
              disabled={!enabled}
              {...form.register('at', { required: t('Choose a time, like 03:30.') })}
            />
          </Field>
          <Field label={t('Keep')} hint={t('Those made by hand stay.')} error={errors.keep?.message}>
            <Input
              type="number"
              min={1}
              max={90}
              {...form.register('keep', {
                valueAsNumber: true,
                validate: (n) => (Number.isInteger(n) && n >= 1 && n <= 90) || t('Write a whole number from 1 to 90.'),
              })}
            />
          </Field>
        </div>
        {!enabled && <Note tone="warn" title={t('Then only what you back up yourself can be brought back.')} />}
        {refusal && <Note tone="risk" title={refusal} />}
      </form>
    </Dialog>
  )
}
