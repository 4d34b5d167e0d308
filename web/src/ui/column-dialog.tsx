import { ArrowDown, ArrowUp } from 'lucide-react'
import { t } from '../lib/i18n.ts'
import { Button, IconButton } from './button.tsx'
import { Dialog } from './dialog.tsx'
import { Checkbox } from './field.tsx'

interface Choice {
  id: string
  header: string
  /** stands first and cannot be hidden */
  fixed: boolean
}

/** Which columns a table shows, and in which order. Every press counts at once. */
export default function ColumnDialog({
  columns,
  shown,
  onChange,
  onReset,
  onClose,
  ofView,
}: {
  columns: readonly Choice[]
  shown: readonly string[]
  onChange: (ids: string[]) => void
  onReset: () => void
  onClose: () => void
  /** they belong to a saved view, not to the user */
  ofView: boolean
}) {
  const find = (id: string): Choice | undefined => columns.find((c) => c.id === id)
  const ordered = [...shown.flatMap((id) => find(id) ?? []), ...columns.filter((c) => !shown.includes(c.id))]
  const move = (id: string, by: 1 | -1): void => {
    const next = [...shown]
    const at = next.indexOf(id)
    next.splice(at, 1)
    next.splice(at + by, 0, id)
    onChange(next)
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Columns')}
      description={
        ofView
          ? t('These are the columns of the view; save its changes to keep them.')
          : t('Kept for you, on every computer you sign in at.')
      }
      footer={
        <>
          <Button look="quiet" onClick={onReset}>
            {t('As it was')}
          </Button>
          <Button look="primary" onClick={onClose}>
            {t('Done')}
          </Button>
        </>
      }
    >
      <ul className="max-h-[50vh] overflow-y-auto">
        {ordered.map(({ id, header, fixed }) => {
          const at = shown.indexOf(id)
          return (
            <li
              key={id}
              className="flex min-h-9 items-center gap-1 border-t border-line first:border-t-0 max-sm:min-h-11"
            >
              <Checkbox
                className="min-w-0 flex-1 py-1.5"
                label={header}
                checked={at !== -1}
                disabled={fixed}
                onChange={() => onChange(at === -1 ? [...shown, id] : shown.filter((x) => x !== id))}
              />
              {at !== -1 && !fixed && (
                <>
                  <IconButton
                    icon={ArrowUp}
                    label={t('Move {column} to the left', { column: header })}
                    disabled={at === 0 || find(shown[at - 1]!)?.fixed === true}
                    onClick={() => move(id, -1)}
                  />
                  <IconButton
                    icon={ArrowDown}
                    label={t('Move {column} to the right', { column: header })}
                    disabled={at === shown.length - 1}
                    onClick={() => move(id, 1)}
                  />
                </>
              )}
            </li>
          )
        })}
      </ul>
    </Dialog>
  )
}
