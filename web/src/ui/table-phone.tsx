import { Fragment, type ReactNode } from 'react'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import type { Column, TableProps } from './table-types.ts'

/** Under 640 px a row is two lines: what it is with its main figure, and the rest below. */
export function PhoneRows<Row>({
  label,
  columns,
  rowId,
  rowName,
  onOpen,
  rows,
  query,
}: TableProps<Row> & { rows: Row[] }) {
  const placed = (place: NonNullable<Column<Row>['phone']>): Column<Row>[] =>
    columns.filter((c, i) => (c.phone ?? (i === 0 ? 'title' : c.hide === 'off' ? 'none' : 'detail')) === place)
  const titles = placed('title')
  const details = placed('detail')
  const asides = placed('aside')
  return (
    <ul aria-label={label} aria-busy={query.isFetching} className={cx(query.isPlaceholderData && 'opacity-60')}>
      {rows.map((row) => {
        const inside: ReactNode = (
          <>
            <span className="flex items-baseline gap-3">
              <span className="min-w-0 flex-1 truncate font-medium">
                {titles.map((c) => (
                  <Fragment key={c.id}>{c.cell(row)}</Fragment>
                ))}
              </span>
              {asides.map((c) => (
                <span key={c.id}>{c.cell(row)}</span>
              ))}
            </span>
            <span className="mt-0.5 flex flex-wrap gap-x-3 gap-y-0.5 text-sm text-ink-2">
              {details.map((c) => (
                <span key={c.id} className="min-w-0">
                  {c.cell(row)}
                </span>
              ))}
            </span>
          </>
        )
        return (
          <li key={rowId(row)} className="border-t border-line">
            {onOpen ? (
              // A div, because cells may hold links; the title below is the real button for keyboards.
              <div className="relative px-4 py-2.5">
                <button
                  type="button"
                  className="absolute inset-0 focus-visible:-outline-offset-2"
                  aria-label={t('Open {name}', { name: rowName(row) })}
                  onClick={() => onOpen(row)}
                />
                <div className="pointer-events-none relative [&_a]:pointer-events-auto [&_button]:pointer-events-auto">
                  {inside}
                </div>
              </div>
            ) : (
              <div className="px-4 py-2.5">{inside}</div>
            )}
          </li>
        )
      })}
    </ul>
  )
}
