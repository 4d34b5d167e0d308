import { Download, Image, Table2 } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { saveCsv, type Cell } from '../lib/csv.ts'
import { saveTablePicture } from '../lib/picture.ts'
import { t } from '../lib/i18n.ts'
import { Button } from './button.tsx'
import { Panel } from './panel.tsx'
import { ScrollBox } from './scroll-box.tsx'
import { toastError } from './toast.tsx'

export interface FigureData {
  head: readonly string[]
  /** plain values for files; `shown` says how people read them */
  rows: readonly (readonly Cell[])[]
  shown?: readonly (readonly string[])[]
  shade?: (row: number, column: number) => { back: string; ink: string } | null
}

/** A panel around a chart that can be read as a table and taken away as CSV or PNG. */
export function Figure({
  title,
  detail,
  data,
  actions,
  flush = false,
  isTable = false,
  children,
}: {
  title: string
  detail?: ReactNode
  data: FigureData
  actions?: ReactNode
  flush?: boolean
  /** it is a table already */
  isTable?: boolean
  children: ReactNode
}) {
  const [asTable, setAsTable] = useState(false)
  const shown = data.shown ?? data.rows.map((r) => r.map((v) => (v === null ? '–' : String(v))))
  return (
    <Panel
      title={title}
      detail={detail}
      flush={flush && !asTable}
      actions={
        <span className="no-print flex flex-wrap items-center gap-1">
          {actions}
          {!isTable && (
            <Button size="sm" look="quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
              <Table2 aria-hidden />
              {asTable ? t('Show as chart') : t('Show as table')}
            </Button>
          )}
          <Button
            size="sm"
            look="quiet"
            aria-label={t('Save {title} as CSV', { title })}
            onClick={() => saveCsv(title, data.head, data.rows)}
          >
            <Download aria-hidden />
            CSV
          </Button>
          <Button
            size="sm"
            look="quiet"
            aria-label={t('Save {title} as a picture', { title })}
            onClick={() => void saveTablePicture(title, data.head, shown, data.shade).catch(toastError)}
          >
            <Image aria-hidden />
            PNG
          </Button>
        </span>
      }
    >
      {asTable ? <PlainTable label={title} head={data.head} rows={shown} /> : children}
    </Panel>
  )
}

/** The figures of a chart as a table; the first column names the row. */
export function PlainTable({
  label,
  head,
  rows,
}: {
  label: string
  head: readonly string[]
  rows: readonly (readonly string[])[]
}) {
  return (
    <ScrollBox label={t('{label}, table', { label })} className="max-h-96 border-y border-line">
      <table className="w-full">
        <thead className="sticky top-0 bg-sunken text-ink-2">
          <tr>
            {head.map((h, i) => (
              <th key={h} scope="col" className={`label px-2 py-2 ${i === 0 ? 'text-left' : 'text-right'}`}>
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.join('|')} className="h-8 border-t border-line">
              {row.map((v, i) =>
                i === 0 ? (
                  <th key={head[i]} scope="row" className="px-2 text-left font-normal whitespace-nowrap">
                    {v}
                  </th>
                ) : (
                  <td key={head[i]} className="px-2 text-right whitespace-nowrap">
                    {v}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}
