import { useHotkeys } from './hotkeys.ts'

/**
 * J and K move the focus through the rows (`data-row`) of the page, X chooses the row that has it; Enter then opens what
 * has the focus.
 */
export function useRowKeys(): void {
  useHotkeys({ j: () => step(1), k: () => step(-1), x: choose })
}

const rowsOf = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('main [data-row]')]
const hasFocus = (row: HTMLElement): boolean => row === document.activeElement || row.contains(document.activeElement)

function step(by: 1 | -1): void {
  const rows = rowsOf()
  const at = rows.findIndex(hasFocus)
  const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : at + by]
  if (!next) return
  const target = next.matches('button,a')
    ? next
    : (next.querySelector<HTMLElement>('td button, td a, button, a') ?? next)
  target.focus()
  next.scrollIntoView({ block: 'nearest' })
}

function choose(): void {
  rowsOf().find(hasFocus)?.querySelector<HTMLElement>('[data-select-row]')?.click()
}
