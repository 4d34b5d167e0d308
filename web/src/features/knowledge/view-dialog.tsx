import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { refresh } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox, Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import type { CustomerUrl } from './customer-url.ts'
import { viewOf, type View } from './views-bar.tsx'

interface Form {
  name: string
  is_shared: boolean
}

/** The name of a view: a new one from what the list shows now, or another name for one that is there. */
export default function ViewDialog({
  view,
  url,
  columns,
  onSaved,
  onClose,
}: {
  /** null: a new one */
  view: View | null
  url: CustomerUrl
  columns: readonly string[]
  onSaved: (view: View) => void
  onClose: () => void
}) {
  const mayShare = useMay('manager')
  const [refusal, setRefusal] = useState<string | null>(null)
  const { register, handleSubmit, setError, formState } = useForm<Form>({
    defaultValues: { name: view?.name ?? '', is_shared: view?.is_shared ?? false },
  })
  const save = handleSubmit(async (form) => {
    const body = { name: form.name.trim(), is_shared: form.is_shared }
    try {
      const saved = view
        ? await api('PATCH /api/v1/views/:id', { params: { id: view.id }, body })
        : await api('POST /api/v1/views', { body: { ...body, ...viewOf(url, columns) } })
      await refresh('GET /api/v1/views')
      onSaved(saved)
      onClose()
      toast(t('Saved {name}', { name: saved.name }))
    } catch (error) {
      setRefusal(showRefusal(error, setError, ['name']))
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={view ? t('Rename view') : t('Save view')}
      description={view ? undefined : t('Filters, order and columns as they are now, under a name.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" type="submit" form="view-dialog" busy={formState.isSubmitting}>
            {t('Save')}
          </Button>
        </>
      }
    >
      <form id="view-dialog" onSubmit={(e) => void save(e)} noValidate className="space-y-4">
        {refusal && (
          <Note tone="risk" title={t('Not saved')}>
            {refusal}
          </Note>
        )}
        <Field label={t('Name')} error={formState.errors.name?.message} required>
          <Input
            maxLength={60}
            autoComplete="off"
            {...register('name', { validate: (v) => v.trim() !== '' || t('Give it a name.') })}
          />
        </Field>
        {mayShare && <Checkbox label={t('Share it: everybody who signs in sees it')} {...register('is_shared')} />}
      </form>
    </Dialog>
  )
}
