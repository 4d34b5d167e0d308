/* oxlint-disable jsx-a11y/control-has-associated-label -- cells get their text from FlexRender, which the rule cannot see */
import {
  createColumnHelper,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { useMemo, type ReactNode } from 'react'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import { usePreferences, type Density } from '../lib/preferences.ts'
import { useNarrow } from '../lib/use-narrow.ts'
import { Checkbox } from './field.tsx'
import { Failed, Loading } from './page.tsx'
import { Pager } from './pager.tsx'
import { ScrollBox } from './scroll-box.tsx'
import { PhoneRows } from './table-phone.tsx'
import { SelectionBar, useSelection } from './table-select.tsx'
import { readSort, useShownColumns, writeSort } from './table-state.ts'
import { SortMenu, ViewMenu } from './table-tools.tsx'
import type { TableProps } from './table-types.ts'

export type { Chosen, Column } from './table-types.ts'

const features = tableFeatures({ rowSortingFeature, rowSelectionFeature })
const none: never[] = []
const heights: Record<Density, string> = { compact: 'h-8', normal: 'h-9', comfortable: 'h-11' }

/** A server-side table: order, page and size live in the URL (`tableParams`), rows come from a query over `pageOf`. */
export function DataTable<Row>(props: TableProps<Row>) {
  const { columns, rowId, rowName, query, url, setUrl, keep, label, onOpen } = props
  const density = usePreferences((p) => p.density ?? 'normal')
  const narrow = useNarrow()
  const { shown, choose, reset } = useShownColumns(keep, columns, props.viewColumns?.ids)
  const selection = useSelection(props.selectionOf ?? '', query.data)
  const sorting = useMemo(() => readSort(url.sort), [url.sort])
  const shownIds = shown.map((c) => c.id).join()
  const defs = useMemo(() => {
    const helper = createColumnHelper<typeof features, Row & object>()
    return helper.columns(
      shown.map((c) =>
        // An accessor, though the server sorts: without one the library holds a column for unsortable.
        helper.accessor(() => null, {
          id: c.id,
          header: c.header,
          cell: ({ row }) => c.cell(row.original),
          enableSorting: c.sortable ?? false,
          sortDescFirst: c.align === 'right',
        }),
      ),
    )
    // oxlint-disable-next-line react/exhaustive-deps -- the ids say which columns; the array is new at each render
  }, [columns, shownIds])
  const rows = query.data?.data ?? (none as Row[])
  const table = useTable({
    features,
    columns: defs,
    data: rows as (Row & object)[],
    getRowId: rowId,
    manualSorting: true,
    enableMultiSort: true,
    isMultiSortEvent: (e) => (e as MouseEvent).shiftKey,
    state: { sorting, rowSelection: selection.rows },
    onSortingChange: (change) => setUrl({ sort: writeSort(typeof change === 'function' ? change(sorting) : change) }),
    onRowSelectionChange: (change) => selection.setRows(change),
  })
  const { chosen } = selection
  const aligned = new Map(columns.map((c) => [c.id, c.align]))

  let body: ReactNode
  if (query.isError && !query.data) body = <Failed what={label} error={query.error} retry={query.refetch} />
  else if (query.data && rows.length === 0) body = props.empty
  else if (narrow)
    body = query.data ? (
      <PhoneRows {...props} rows={rows} />
    ) : (
      <Loading what={label}>
        <Bones rows={Math.min(url.size, 10)} height="h-14" />
      </Loading>
    )
  else {
    body = (
      <ScrollBox label={t('{label}, scrolls sideways', { label })}>
        <table className={cx('w-full', query.isPlaceholderData && 'opacity-60')} aria-busy={query.isFetching}>
          <caption className="sr-only">
            {t('{label}. Shift and press a heading to sort by more than one column.', { label })}
          </caption>
          <thead>
            {table.getHeaderGroups().map((group) => (
              <tr key={group.id} className="border-y border-line bg-sunken text-left">
                {props.renderBulk && (
                  <th scope="col" className="sticky left-0 z-1 w-10 bg-sunken pl-3">
                    <Checkbox
                      hideLabel
                      label={t('Select all on this page')}
                      checked={rows.length > 0 && (chosen.all || table.getIsAllRowsSelected())}
                      mixed={!chosen.all && table.getIsSomeRowsSelected() && !table.getIsAllRowsSelected()}
                      onChange={table.getToggleAllRowsSelectedHandler()}
                    />
                  </th>
                )}
                {group.headers.map((header, i) => {
                  const sorted = header.column.getIsSorted()
                  const place = header.column.getSortIndex()
                  const look = cx(
                    'whitespace-nowrap last:pr-2',
                    i === 0 && 'sticky left-0 z-1 bg-sunken',
                    i === 0 && props.renderBulk && 'left-10',
                    i === 0 && !props.renderBulk && (header.column.getCanSort() ? 'pl-2' : 'pl-4!'),
                    i === group.headers.length - 1 && (header.column.getCanSort() ? 'pr-2' : 'pr-4!'),
                    aligned.get(header.column.id) === 'right' && 'text-right',
                  )
                  if (!header.column.getCanSort()) {
                    return (
                      <th
                        key={header.id}
                        scope="col"
                        className={cx(
                          look,
                          'label h-8 text-ink-2',
                          i === 0 && !props.renderBulk ? 'pl-4! pr-2' : 'px-2 last:pr-4!',
                        )}
                      >
                        <table.FlexRender header={header} />
                      </th>
                    )
                  }
                  return (
                    <th
                      key={header.id}
                      scope="col"
                      aria-sort={sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'}
                      className={look}
                    >
                      <button
                        type="button"
                        className="label inline-flex h-8 items-center gap-1 px-2 text-ink-2 hover:text-ink focus-visible:-outline-offset-2"
                        onClick={header.column.getToggleSortingHandler()}
                      >
                        <table.FlexRender header={header} />
                        {sorted === 'asc' && <ArrowUp className="size-3.5" aria-hidden />}
                        {sorted === 'desc' && <ArrowDown className="size-3.5" aria-hidden />}
                        {sorted && sorting.length > 1 && <span>{place + 1}</span>}
                      </button>
                    </th>
                  )
                })}
              </tr>
            ))}
          </thead>
          <tbody>
            {query.data
              ? table.getRowModel().rows.map((row) => (
                  <tr
                    key={row.id}
                    className="group border-b border-line hover:bg-sunken data-chosen:bg-info-soft"
                    data-row={row.id}
                    data-chosen={chosen.all || row.getIsSelected() || undefined}
                  >
                    {props.renderBulk && (
                      <td
                        className={cx(
                          'sticky left-0 z-1 bg-surface pl-3 group-hover:bg-sunken group-data-chosen:bg-info-soft',
                          heights[density],
                        )}
                      >
                        <Checkbox
                          hideLabel
                          label={t('Select {name}', { name: rowName(row.original) })}
                          checked={chosen.all || row.getIsSelected()}
                          data-select-row
                          onChange={row.getToggleSelectedHandler()}
                        />
                      </td>
                    )}
                    {row.getAllCells().map((cell, i) => (
                      <td
                        key={cell.id}
                        className={cx(
                          'whitespace-nowrap px-2 last:pr-4',
                          heights[density],
                          aligned.get(cell.column.id) === 'right' && 'text-right',
                          i === 0 &&
                            'sticky left-0 z-1 bg-surface font-medium group-hover:bg-sunken group-data-chosen:bg-info-soft',
                          i === 0 && (props.renderBulk ? 'left-10' : 'pl-4'),
                        )}
                      >
                        {i === 0 && onOpen ? (
                          <button
                            type="button"
                            className="rounded-sm text-left hover:underline hover:underline-offset-3"
                            onClick={() => onOpen(row.original)}
                          >
                            <table.FlexRender cell={cell} />
                          </button>
                        ) : (
                          <table.FlexRender cell={cell} />
                        )}
                      </td>
                    ))}
                  </tr>
                ))
              : Array.from({ length: Math.min(url.size, 12) }, (_, i) => (
                  <tr key={i} className="border-b border-line">
                    <td colSpan={shown.length + (props.renderBulk ? 1 : 0)} className={cx('px-4', heights[density])}>
                      <div className="skeleton h-3.5" style={{ width: `${40 + ((i * 37) % 50)}%` }} />
                    </td>
                  </tr>
                ))}
          </tbody>
        </table>
      </ScrollBox>
    )
  }

  return (
    <section aria-label={label} className="min-w-0 rounded-lg border border-line bg-surface">
      <div className="flex min-h-12 flex-wrap items-center gap-2 px-4 py-2">
        {chosen.count > 0 && props.renderBulk ? (
          <SelectionBar
            selection={selection}
            data={query.data}
            allRowsChosen={rows.length > 0 && table.getIsAllRowsSelected()}
          >
            {props.renderBulk(chosen, selection.clear)}
          </SelectionBar>
        ) : (
          <>
            <div className="flex min-w-0 flex-1 flex-wrap items-center gap-2 max-sm:basis-full">{props.tools}</div>
            <SortMenu columns={columns} sorting={sorting} onSort={(next) => setUrl({ sort: writeSort(next) })} />
            <ViewMenu
              columns={columns}
              shown={shown.map((c) => c.id)}
              choose={props.viewColumns?.onChange ?? choose}
              reset={() => (props.viewColumns ? props.viewColumns.onChange(null) : reset())}
              ofView={props.viewColumns !== undefined}
            />
          </>
        )}
      </div>
      {body}
      {query.data && query.data.total > 0 && <Pager url={url} setUrl={setUrl} page={query.data} rows={rows.length} />}
    </section>
  )
}

function Bones({ rows, height }: { rows: number; height: string }) {
  return Array.from({ length: rows }, (_, i) => (
    <div key={i} className={cx('flex items-center border-t border-line px-4', height)}>
      <div className="skeleton h-3.5" style={{ width: `${40 + ((i * 37) % 50)}%` }} />
    </div>
  ))
}
