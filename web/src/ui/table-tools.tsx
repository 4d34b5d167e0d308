import type { SortingState } from '@tanstack/react-table'
import { ArrowDownUp, Columns3 } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { t } from '../lib/i18n.ts'
import { setPreferences, usePreferences } from '../lib/preferences.ts'
import { Button } from './button.tsx'
import { Menu } from './menu.tsx'
import { nextSort } from './table-state.ts'
import type { Column } from './table-types.ts'

const ColumnDialog = lazy(() => import('./column-dialog.tsx'))

/** The order by menu, for fingers and keyboards: what Shift and a heading do with a mouse. */
export function SortMenu<Row>({
  columns,
  sorting,
  onSort,
}: {
  columns: readonly Column<Row>[]
  sorting: SortingState
  onSort: (sorting: SortingState) => void
}) {
  const sortable = columns.filter((c) => c.sortable)
  if (sortable.length === 0) return null
  const first = sorting[0]
  const lead = first && sortable.find((c) => c.id === first.id)
  return (
    <Menu
      trigger={
        <Button size="sm" look="quiet">
          <ArrowDownUp aria-hidden />
          {lead && <span className="sr-only">{t('Order by')}</span>}
          <span className="max-lg:sr-only">
            {lead ? t(first.desc ? '{column}, downwards' : '{column}, upwards', { column: lead.header }) : t('Order')}
            {sorting.length > 1 && ` +${sorting.length - 1}`}
          </span>
        </Button>
      }
      items={[
        { heading: t('Order by, one after the other') },
        ...sortable.map((c) => {
          const at = sorting.findIndex((s) => s.id === c.id)
          const key = sorting[at]
          return {
            label: c.header,
            checked: at !== -1,
            ...(key ? { detail: t(key.desc ? '{n}. downwards' : '{n}. upwards', { n: at + 1 }) } : {}),
            onSelect: () => onSort(nextSort(sorting, c.id, c.align === 'right')),
          }
        }),
        'separator' as const,
        { label: t('As it was'), onSelect: () => onSort([]) },
      ]}
    />
  )
}

/** Columns with their order, and how tight the rows stand. */
export function ViewMenu<Row>({
  columns,
  shown,
  choose,
  reset,
  ofView,
}: {
  columns: readonly Column<Row>[]
  shown: readonly string[]
  choose: (ids: string[]) => void
  reset: () => void
  /** the columns belong to a saved view */
  ofView: boolean
}) {
  const density = usePreferences((p) => p.density ?? 'normal')
  const [open, setOpen] = useState(false)
  const words = { compact: t('Compact'), normal: t('Normal'), comfortable: t('Comfortable') }
  return (
    <>
      <Menu
        trigger={
          <Button size="sm" look="quiet">
            <Columns3 aria-hidden />
            {t('View')}
          </Button>
        }
        items={[
          { label: t('Columns and their order'), onSelect: () => setOpen(true) },
          { heading: t('Rows') },
          ...(['compact', 'normal', 'comfortable'] as const).map((d) => ({
            label: words[d],
            checked: density === d,
            onSelect: () => setPreferences({ density: d }),
          })),
        ]}
      />
      {open && (
        <Suspense>
          <ColumnDialog
            columns={columns.map((c) => ({ id: c.id, header: c.header, fixed: c.hide === false }))}
            shown={shown}
            onChange={choose}
            onReset={reset}
            onClose={() => setOpen(false)}
            ofView={ofView}
          />
        </Suspense>
      )}
    </>
  )
}
