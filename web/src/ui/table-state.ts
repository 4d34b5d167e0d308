import type { SortingState } from '@tanstack/react-table'

export const readSort = (s: string): SortingState =>
  s
    .split(',')
    .filter(Boolean)
    .map((x) => ({ id: x.replace(/^-/, ''), desc: x.startsWith('-') }))
export const writeSort = (s: SortingState): string => s.map((x) => (x.desc ? '-' : '') + x.id).join(',')

export function keptColumns(keep: string): Record<string, boolean> {
  try {
    return JSON.parse(localStorage.getItem(`lma.columns.${keep}`) ?? '{}') as Record<string, boolean>
  } catch {
    return {}
  }
}

export function keepColumns(keep: string, shown: Record<string, boolean>): void {
  try {
    localStorage.setItem(`lma.columns.${keep}`, JSON.stringify(shown))
  } catch {
    // The choice lasts for this page.
  }
}
