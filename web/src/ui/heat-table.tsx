import { useRef, useState, type KeyboardEvent } from 'react'
import { t } from '../lib/i18n.ts'
import { ScrollBox } from './scroll-box.tsx'

export interface HeatCell {
  /** short, in the cell */
  text: string
  /** 0..1 of the darkest; null: nothing there */
  share: number | null
  /** the whole fact, said to screen readers and in the line below */
  words: string
  /** little behind it: drawn pale */
  weak?: boolean
}

/** Seven steps of one hue; the number is always in the cell, so nothing hangs on colour alone. */
export function heatStep(share: number | null): number | null {
  return share === null ? null : Math.max(0, Math.min(6, Math.round(share * 6)))
}
export const heatShade = (share: number | null): { back: string; ink: string } | null => {
  const step = heatStep(share)
  return step === null ? null : { back: `var(--q${step})`, ink: `var(--qt${step})` }
}

/** A table whose cells are shaded. Arrow keys walk the cells; the line below says what the chosen one means. */
export function HeatTable({
  label,
  corner,
  columns,
  rows,
  extra,
  hint,
  dense = false,
}: {
  label: string
  corner: string
  columns: readonly string[]
  rows: readonly { name: string; extra?: string; cells: readonly HeatCell[] }[]
  /** heading of a plain column before the shaded ones */
  extra?: string
  hint: string
  dense?: boolean
}) {
  const table = useRef<HTMLTableElement>(null)
  const [at, setAt] = useState<[number, number]>([0, 0])
  const [said, setSaid] = useState<string | null>(null)
  const walk = (e: KeyboardEvent): void => {
    const [dr, dc] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key] ?? [0, 0]
    if (dr === 0 && dc === 0) return
    e.preventDefault()
    const r = Math.max(0, Math.min(rows.length - 1, at[0] + dr!))
    const last = (rows[r]?.cells.length ?? 1) - 1
    const c = Math.max(0, Math.min(last, at[1] + dc!))
    setAt([r, c])
    table.current?.querySelector<HTMLElement>(`[data-cell="${r}:${c}"]`)?.focus()
  }
  return (
    <div>
      <ScrollBox label={t('{label}, table', { label })}>
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role -- its cells take the focus by arrow keys: that is what a grid is */}
        <table ref={table} role="grid" aria-label={label} className="w-full border-separate border-spacing-0.5">
          <thead>
            <tr>
              <th scope="col" className="label px-1.5 py-1 text-left text-ink-2">
                {corner}
              </th>
              {extra && (
                <th scope="col" className="label px-1.5 py-1 text-right text-ink-2">
                  {extra}
                </th>
              )}
              {columns.map((c) => (
                <th key={c} scope="col" className="label px-0.5 py-1 text-center whitespace-nowrap text-ink-2">
                  {c}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, r) => (
              <tr key={row.name}>
                <th scope="row" className="px-1.5 text-left font-normal whitespace-nowrap">
                  {row.name}
                </th>
                {extra && <td className="px-1.5 text-right text-ink-2">{row.extra}</td>}
                {row.cells.map((cell, c) => {
                  const step = heatStep(cell.share)
                  return (
                    <td
                      key={columns[c]}
                      data-cell={`${r}:${c}`}
                      tabIndex={at[0] === r && at[1] === c ? 0 : -1}
                      aria-label={cell.words}
                      title={cell.words}
                      onKeyDown={walk}
                      onFocus={() => {
                        setAt([r, c])
                        setSaid(cell.words)
                      }}
                      onBlur={() => setSaid(null)}
                      className={`rounded-sm px-1 text-center whitespace-nowrap focus-visible:-outline-offset-2 ${dense ? 'h-7 min-w-7 text-xs' : 'h-9 min-w-12'} ${cell.weak ? 'font-normal italic' : ''}`}
                      style={
                        step === null
                          ? undefined
                          : { background: `var(--q${step})`, color: `var(--qt${step})`, opacity: 1 }
                      }
                    >
                      {cell.text}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <p className="min-h-4.5 pt-2 text-sm text-ink-2">{said ?? hint}</p>
    </div>
  )
}
