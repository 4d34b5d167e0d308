import type { SortingState } from '@tanstack/react-table'
import { setPreferences, usePreferences } from '../lib/preferences.ts'
import type { Column } from './table-types.ts'

export const readSort = (s: string): SortingState =>
  s
    .split(',')
    .filter(Boolean)
    .map((x) => ({ id: x.replace(/^-/, ''), desc: x.startsWith('-') }))
export const writeSort = (s: SortingState): string => s.map((x) => (x.desc ? '-' : '') + x.id).join(',')

/** A key joins the order downwards or upwards as it comes first, turns round at the second press, leaves at the third. */
export function nextSort(sorting: SortingState, id: string, descFirst: boolean): SortingState {
  const now = sorting.find((s) => s.id === id)
  if (!now) return [...sorting, { id, desc: descFirst }].slice(-5)
  if (now.desc === descFirst) return sorting.map((s) => (s.id === id ? { id, desc: !descFirst } : s))
  return sorting.filter((s) => s.id !== id)
}

/** The columns that are shown, in their order: those a view asks for, those the user chose, or those the table comes with. */
export function useShownColumns<Row>(
  keep: string,
  columns: readonly Column<Row>[],
  wanted: readonly string[] | undefined,
): { shown: Column<Row>[]; choose: (ids: string[]) => void; reset: () => void } {
  const chosen = usePreferences((p) => p.tables?.[keep]?.columns)
  const usual = columns.filter((c) => c.hide !== 'off').map((c) => c.id)
  const ids = [...new Set(wanted ?? chosen ?? usual)]
  const always = columns.filter((c) => c.hide === false && !ids.includes(c.id)).map((c) => c.id)
  return {
    // A name of an older version that is no column any more is left out.
    shown: [...always, ...ids].flatMap((id) => columns.find((c) => c.id === id) ?? []),
    choose: (next) => setPreferences({ tables: { [keep]: { columns: next } } }),
    reset: () => setPreferences({ tables: { [keep]: {} } }),
  }
}
