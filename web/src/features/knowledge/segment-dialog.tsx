import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api, ApiError } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { refresh } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import type { ListFilter } from './customer-url.ts'

/** The filter as a segment that stays up to date. What no rule can say is told with a way round it. */
export default function SegmentDialog({ filter, onClose }: { filter: ListFilter; onClose: () => void }) {
  const navigate = useNavigate()
  const [refusals, setRefusals] = useState<string[]>([])
  const { register, handleSubmit, setError, formState } = useForm({ defaultValues: { name: '' } })
  const save = handleSubmit(async ({ name }) => {
    try {
      const made = await api('POST /api/v1/segments/from-filter', { body: { name: name.trim(), filter } })
      void refresh('GET /api/v1/segments')
      onClose()
      toast(t('{name} made; its members follow in a moment', { name: made.name }), {
        action: {
          label: t('Open it'),
          run: () => void navigate({ to: '/segments/$id', params: { id: made.id } } as never),
        },
      })
    } catch (error) {
      const said = error instanceof ApiError ? error.fields.filter((f) => f.path.startsWith('filter')) : []
      if (said.length > 0) setRefusals(said.map((f) => f.message))
      else setRefusals([showRefusal(error, setError, ['name']) ?? ''].filter(Boolean))
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Make a segment')}
      description={t('The filters become its rule: who meets them later is in it then, by itself.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" type="submit" form="segment-dialog" busy={formState.isSubmitting}>
            {t('Make the segment')}
          </Button>
        </>
      }
    >
      <form id="segment-dialog" onSubmit={(e) => void save(e)} noValidate className="space-y-4">
        {refusals.length > 0 && (
          <Note tone="risk" title={t('This filter is no rule')}>
            <ul className="space-y-1">
              {refusals.map((r) => (
                <li key={r}>{r}</li>
              ))}
            </ul>
          </Note>
        )}
        <Field label={t('Name')} error={formState.errors.name?.message} required>
          <Input
            maxLength={120}
            autoComplete="off"
            {...register('name', { validate: (v) => v.trim() !== '' || t('Give it a name.') })}
          />
        </Field>
      </form>
    </Dialog>
  )
}
