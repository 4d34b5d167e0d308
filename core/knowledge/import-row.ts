import type { ImportKind, Mapping } from './columns.ts'
import { plainCell } from './csv-cell.ts'
import { readConsentRow, readSuppressionRow, type ConsentFacts, type SuppressionFacts } from './import-consent.ts'
import { readCustomerRow, type CustomerFacts } from './import-customer.ts'
import { readOrderRow, type OrderLine } from './import-order.ts'
import { readProductRow, type ProductFacts } from './import-product.ts'
import {
  rowReader,
  type Cell,
  type HeaderOf,
  type Repair,
  type RowReader,
  type RowResult,
  type RowRules,
} from './row-reader.ts'

export type { ConsentFacts, CustomerFacts, OrderLine, ProductFacts, SuppressionFacts }
export type { Repair, RowResult, RowRules } from './row-reader.ts'

export interface FactsOf {
  customers: CustomerFacts
  orders: OrderLine
  products: ProductFacts
  consents: ConsentFacts
  suppressions: SuppressionFacts
}

const readers: { [K in ImportKind]: (row: RowReader, rules: RowRules) => RowResult<FactsOf[K]> } = {
  customers: readCustomerRow,
  orders: readOrderRow,
  products: readProductRow,
  consents: readConsentRow,
  suppressions: readSuppressionRow,
}

/** Makes the function that turns the cells of a file's row into facts, or into the reasons why not. */
export function importRow<K extends ImportKind>(
  kind: K,
  headers: readonly string[],
  mapping: Mapping,
  rules: RowRules,
): (cells: readonly string[]) => RowResult<FactsOf[K]> {
  const index = new Map<string, number>()
  for (const [field, header] of Object.entries(mapping)) {
    const at = headers.indexOf(header)
    if (at >= 0) index.set(field, at)
  }
  const headerOf: HeaderOf = (field) => (Object.hasOwn(mapping, field) ? (mapping[field] ?? field) : field)
  const { readAs, isLeftEmpty } = arrange(rules.repairs ?? [])
  const replaced = new Map<string, ReadonlyMap<string, string>>()
  for (const field of index.keys()) {
    const values = readAs.get(headerOf(field))
    if (values) replaced.set(field, values)
  }
  const reader = readers[kind]
  let current: readonly string[] = []
  const cell: Cell = (field) => {
    const at = index.get(field)
    const text = at === undefined ? undefined : current[at]
    if (text === undefined) return undefined
    const plain = plainCell(text)
    return replaced.size === 0 ? plain : (replaced.get(field)?.get(plain.trim()) ?? plain)
  }
  const row = rowReader(cell, headerOf, isLeftEmpty)
  return (cells) => {
    current = cells
    row.begin()
    return reader(row, rules)
  }
}

function arrange(repairs: readonly Repair[]): {
  readAs: ReadonlyMap<string, ReadonlyMap<string, string>>
  isLeftEmpty: (column: string, fault: string) => boolean
} {
  const readAs = new Map<string, Map<string, string>>()
  const empty = new Set<string>()
  for (const repair of repairs) {
    if ('leaveEmpty' in repair) empty.add(`${repair.column}\n${repair.leaveEmpty}`)
    else readAs.set(repair.column, (readAs.get(repair.column) ?? new Map()).set(repair.value.trim(), repair.readAs))
  }
  return { readAs, isLeftEmpty: (column, fault) => empty.size > 0 && empty.has(`${column}\n${fault}`) }
}
