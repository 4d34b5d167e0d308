import type { ImportKind, Mapping } from './columns.ts'
import { plainCell } from './csv-cell.ts'
import { readCustomerRow, type CustomerFacts } from './import-customer.ts'
import { readOrderRow, type OrderLine } from './import-order.ts'
import { readProductRow, type ProductFacts } from './import-product.ts'
import type { Cell, HeaderOf, RowResult, RowRules } from './row-reader.ts'

export type { CustomerFacts, OrderLine, ProductFacts }
export type { RowResult, RowRules } from './row-reader.ts'

export interface FactsOf {
  customers: CustomerFacts
  orders: OrderLine
  products: ProductFacts
}

const readers: { [K in ImportKind]: (cell: Cell, headerOf: HeaderOf, rules: RowRules) => RowResult<FactsOf[K]> } = {
  customers: readCustomerRow,
  orders: readOrderRow,
  products: readProductRow,
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
  const reader = readers[kind]
  let current: readonly string[] = []
  const cell: Cell = (field) => {
    const at = index.get(field)
    const text = at === undefined ? undefined : current[at]
    return text === undefined ? undefined : plainCell(text)
  }
  return (cells) => {
    current = cells
    return reader(cell, headerOf, rules)
  }
}
