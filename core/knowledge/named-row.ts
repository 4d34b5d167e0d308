import { rowReader, type RowReader, type RowResult, type RowRules } from './row-reader.ts'

/** One thing as a program or a till tells it: the fields of an import, and where each stood in what was sent. */
export interface NamedRow {
  values: Readonly<Record<string, string | null | undefined>>
  /** field -> path in what was sent; a field that is not listed is its own path */
  paths: Readonly<Record<string, string>>
  /** a fault in these fields is noted and the field left empty; in any other it refuses the row */
  lenient?: ReadonlySet<string>
}

/** Reads such a row by the same rules as a row of a file; the reasons name paths instead of columns. */
export function readNamed<T>(
  read: (row: RowReader, rules: RowRules) => RowResult<T>,
  { values, paths, lenient }: NamedRow,
  rules: RowRules,
): RowResult<T> {
  const pathOf = (field: string): string => (Object.hasOwn(paths, field) ? (paths[field] ?? field) : field)
  const mayBeEmpty = new Set([...(lenient ?? [])].map(pathOf))
  const row = rowReader(
    (field) => (Object.hasOwn(values, field) ? (values[field] ?? undefined) : undefined),
    pathOf,
    (path) => mayBeEmpty.has(path),
  )
  row.begin()
  return read(row, rules)
}

/** Integer cents as an amount that the readers take: -1250 -> "-12.50". */
export function centsText(cents: number | null | undefined): string | undefined {
  return cents === null || cents === undefined ? undefined : (cents / 100).toFixed(2)
}
