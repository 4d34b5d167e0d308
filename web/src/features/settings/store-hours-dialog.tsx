import { useState } from 'react'
import { ApiError } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Checkbox } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { usualWeek, type Week } from './store-hours.ts'
import { departmentWords, storeReaders, type Store } from './store-words.ts'
import { WeekEditor } from './week-editor.tsx'

type Department = Store['sells'][number]

/** When the store is open, and where a department may be sold at other hours. */
export function StoreHoursDialog({ store, onClose }: { store: Store; onClose: () => void }) {
  const [open, setOpen] = useState<Week | null>(store.opening_hours)
  const [sale, setSale] = useState<Store['sale_hours']>(store.sale_hours)
  const [errors, setErrors] = useState<{ path: string; message: string }[]>([])
  const [refusal, setRefusal] = useState<string | null>(null)
  const save = useSend('PATCH /api/v1/stores/:id', {
    refresh: storeReaders,
    onDone: () => {
      toast(t('Hours of {name} saved', { name: store.name }))
      onClose()
    },
    onError: (error) => {
      const fields = error instanceof ApiError ? error.fields : []
      setErrors(fields)
      setRefusal(
        fields.length > 0
          ? t('Some hours cannot be; they are marked below.')
          : error instanceof ApiError
            ? error.message
            : t('Something broke on this page. Load it again.'),
      )
    },
  })
  const errorsOf = (path: string): Record<number, string> =>
    Object.fromEntries(
      errors
        .filter((e) => e.path.startsWith(`${path}.`))
        .map((e) => [Number(e.path.slice(path.length + 1).split('.')[0]), e.message]),
    )
  const withRules = store.sells.filter((d): d is Exclude<Department, 'other'> => d !== 'other')
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('Hours of {name}', { name: store.name })}
      description={t('By the clock of {zone}. What lies after midnight belongs to the next day.', {
        zone: store.time_zone,
      })}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button
            look="primary"
            busy={save.isPending}
            onClick={() => save.mutate({ params: { id: store.id }, body: { opening_hours: open, sale_hours: sale } })}
          >
            {t('Save')}
          </Button>
        </>
      }
    >
      <div className="space-y-5">
        {refusal && <Note tone="risk" title={refusal} />}
        <section>
          <Checkbox
            label={t('State when it is open')}
            hint={t('Plans warn before a message calls people to a closed door.')}
            checked={open !== null}
            onChange={(e) => setOpen(e.target.checked ? (store.opening_hours ?? usualWeek()) : null)}
          />
          {open && (
            <WeekEditor label={t('Opening hours')} week={open} errors={errorsOf('opening_hours')} onChange={setOpen} />
          )}
        </section>
        {withRules.map((department) => {
          const week = sale[department] ?? null
          const word = t(departmentWords[department])
          return (
            <section key={department} className="border-t border-line pt-4">
              <Checkbox
                label={t('Other hours for {department}', { department: word.toLowerCase() })}
                hint={t('Otherwise sold whenever the store is open.')}
                checked={week !== null}
                onChange={(e) =>
                  setSale({
                    ...sale,
                    [department]: e.target.checked ? structuredClone(open ?? usualWeek()) : null,
                  })
                }
              />
              {week && (
                <WeekEditor
                  label={t('When {department} may be sold', { department: word.toLowerCase() })}
                  week={week}
                  errors={errorsOf(`sale_hours.${department}`)}
                  onChange={(next) => setSale({ ...sale, [department]: next })}
                />
              )}
            </section>
          )
        })}
      </div>
    </Dialog>
  )
}
