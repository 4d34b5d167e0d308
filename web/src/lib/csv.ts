import { saveFile } from './api.ts'

export type Cell = string | number | null

/** Saves rows as CSV; a leading = + - @ in a text would run as a formula in a spreadsheet, so it gets an apostrophe. */
export function saveCsv(title: string, head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const cell = (v: Cell): string =>
    v === null
      ? ''
      : typeof v === 'number'
        ? String(v)
        : `"${(/^[=+\-@\t\r]/.test(v) ? `'${v}` : v).replaceAll('"', '""')}"`
  const text = [head, ...rows].map((r) => r.map(cell).join(',')).join('\r\n')
  saveFile(new Blob([text], { type: 'text/csv' }), `${title.toLowerCase().replaceAll(/\W+/g, '-')}.csv`)
}
