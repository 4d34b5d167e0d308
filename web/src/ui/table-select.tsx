import type { RowSelectionState } from '@tanstack/react-table'
import { useState, type ReactNode } from 'react'
import { count } from '../lib/format.ts'
import { useHotkeys } from '../lib/hotkeys.ts'
import { t } from '../lib/i18n.ts'
import { Button, TextButton } from './button.tsx'
import type { Chosen, TableQuery } from './table-types.ts'

export interface Selection {
  rows: RowSelectionState
  setRows: (change: RowSelectionState | ((old: RowSelectionState) => RowSelectionState)) => void
  chosen: Chosen
  chooseAll: () => void
  clear: () => void
}

/**
 * Which rows are chosen, over pages; or all that match, as the filter they match. @param of what the rows are rows of: a
 * choice does not outlive its filter
 */
export function useSelection<Row>(of: string, data: TableQuery<Row>['data']): Selection {
  const [state, setState] = useState<{ of: string; rows: RowSelectionState; all: boolean }>({
    of,
    rows: {},
    all: false,
  })
  const now = state.of === of ? state : { of, rows: {}, all: false }
  const ids = Object.keys(now.rows)
  const clear = (): void => setState({ of, rows: {}, all: false })
  useHotkeys(ids.length > 0 ? { Escape: clear } : {})
  return {
    rows: now.rows,
    setRows: (change) =>
      // Whoever takes one away from "all" means those that are left on this page.
      setState({ of, rows: typeof change === 'function' ? change(now.rows) : change, all: false }),
    chosen: now.all
      ? { all: true, ids: [], count: data?.total ?? 0, isExact: data?.total_is_exact !== false }
      : { all: false, ids, count: ids.length, isExact: true },
    chooseAll: () => setState({ ...now, all: true }),
    clear,
  }
}

/** What is chosen, the way to all that match, and what can be done with it. */
export function SelectionBar<Row>({
  selection: { chosen, chooseAll, clear },
  data,
  allRowsChosen,
  children,
}: {
  selection: Selection
  data: TableQuery<Row>['data']
  /** every row of the page is chosen, so all that match may be meant */
  allRowsChosen: boolean
  children: ReactNode
}) {
  const total = data?.total ?? 0
  const about = data?.total_is_exact === false
  return (
    <div className="flex flex-1 flex-wrap items-center gap-x-2 gap-y-1">
      <span role="status" className="font-medium">
        {chosen.all
          ? t(about ? 'All, about {n}, that match' : 'All {n} that match', { n: count(total) })
          : t('{n} selected', { n: count(chosen.count) })}
      </span>
      {!chosen.all && allRowsChosen && total > chosen.count && (
        <TextButton onClick={chooseAll}>
          {t(about ? 'Select all, about {n}, that match' : 'Select all {n} that match', { n: count(total) })}
        </TextButton>
      )}
      <Button size="sm" look="quiet" onClick={clear}>
        {t('Clear')}
      </Button>
      <span className="ml-auto flex flex-wrap gap-1.5">{children}</span>
    </div>
  )
}
