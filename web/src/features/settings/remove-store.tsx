import { useState } from 'react'
import { ApiError } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { storeReaders, type Store } from './store-words.ts'

/** Asks where the customers of a store go before it is removed. */
export function RemoveStore({
  store,
  others,
  onClose,
}: {
  store: Store
  others: readonly Store[]
  onClose: () => void
}) {
  const [moveTo, setMoveTo] = useState(others[0]?.id ?? '')
  const [refusal, setRefusal] = useState<string | null>(null)
  const remove = useSend('DELETE /api/v1/stores/:id', {
    refresh: storeReaders,
    onDone: ({ moved_customers: moved }) => {
      const to = others.find((s) => s.id === moveTo)
      toast(
        moved > 0 && to
          ? t('{name} removed; {n, plural, one {# customer belongs} other {# customers belong}} to {to} now', {
              name: store.name,
              n: moved,
              to: to.name,
            })
          : t('{name} removed', { name: store.name }),
      )
      onClose()
    },
    onError: (error) =>
      setRefusal(error instanceof ApiError ? error.message : t('Something broke on this page. Load it again.')),
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Remove {name}?', { name: store.name })}
      description={
        others.length === 0
          ? t('It is the only store. Without one no message can be sent: the law asks for a postal address.')
          : t('Past orders stay, without a store. This cannot be undone.')
      }
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button
            look="risk"
            busy={remove.isPending}
            onClick={() => remove.mutate({ params: { id: store.id }, query: moveTo === '' ? {} : { move_to: moveTo } })}
          >
            {t('Remove the store')}
          </Button>
        </>
      }
    >
      <div className="space-y-3">
        {refusal && <Note tone="risk" title={refusal} />}
        {others.length > 0 && (
          <Field
            label={t('{n} customers belong from now on to', { n: count(store.customers) })}
            hint={t('The law of its state decides from then on what may be offered to them.')}
          >
            <Select
              value={moveTo}
              onChange={(e) => setMoveTo(e.target.value)}
              options={others.map((s) => ({ value: s.id, label: `${s.name} (${s.city}, ${s.state})` }))}
            />
          </Field>
        )}
      </div>
    </Dialog>
  )
}
