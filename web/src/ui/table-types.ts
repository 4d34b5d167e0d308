import type { ReactNode } from 'react'

export interface Column<Row> {
  id: string
  header: string
  cell: (row: Row) => ReactNode
  /** the server can sort by this id */
  sortable?: boolean
  align?: 'right'
  /** false: cannot be hidden; 'off': hidden until chosen */
  hide?: false | 'off'
  /** where it stands in the two-line row of a phone; default: first column title, the rest details */
  phone?: 'title' | 'detail' | 'aside' | 'none'
}

export interface TableQuery<Row> {
  data: { data: Row[]; total: number; total_is_exact?: boolean; next_cursor?: string | null } | undefined
  isPending: boolean
  isError: boolean
  isFetching: boolean
  isPlaceholderData?: boolean
  error: unknown
  refetch: () => unknown
}

/** Rows somebody chose: their ids, or all that the filter finds. */
export interface Chosen {
  all: boolean
  ids: string[]
  count: number
  /** false: `count` is an estimate */
  isExact: boolean
}

export interface TableProps<Row> {
  label: string
  /** under this name the user's columns are kept */
  keep: string
  columns: readonly Column<Row>[]
  rowId: (row: Row) => string
  /** a name for "Select Maya Ellison" and "Open Maya Ellison" */
  rowName: (row: Row) => string
  query: TableQuery<Row>
  url: { page: number; size: number; sort: string }
  setUrl: (change: { page?: number; size?: number; sort?: string }) => void
  onOpen?: (row: Row) => void
  /** shown instead of the table when there is no row */
  empty: ReactNode
  /** left of the toolbar: search and filters */
  tools?: ReactNode
  /** buttons while rows are selected; turns selection on */
  renderBulk?: (chosen: Chosen, clear: () => void) => ReactNode
  /** the filter in words: a selection does not outlive it */
  selectionOf?: string
  /** columns that a saved view shows, instead of the user's own */
  viewColumns?: { ids: string[]; onChange: (ids: string[] | null) => void } | undefined
}
