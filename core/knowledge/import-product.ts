import type { Department } from '../planning/offer.ts'
import { departmentOf } from './departments.ts'
import { readNumber, readSizeMl } from './read-value.ts'
import type { RowReader, RowResult } from './row-reader.ts'

export interface ProductFacts {
  sku: string
  name: string
  brand: string | null
  department: Department
  category: string | null
  sizeMl: number | null
  priceCents: number | null
  unitCostCents: number | null
  stock: number | null
}

/** Reads one product row, or says why it cannot be used. */
export function readProductRow(row: RowReader): RowResult<ProductFacts> {
  const sku = row.text('sku', 100)
  if (sku === null && !row.isFaulty()) row.refuse('sku', 'The product number is missing.')
  const name = row.text('name', 300)
  if (name === null && !row.isFaulty()) row.refuse('name', 'The product has no name.')
  const departmentWord = row.text('department', 100)
  const category = row.text('category', 100)
  const notNegative = (field: string): number | null => {
    const cents = row.cents(field)
    if (cents !== null && cents < 0) row.refuse(field, 'A price cannot be negative.')
    return cents
  }
  const facts: ProductFacts = {
    sku: sku ?? '',
    name: name ?? '',
    brand: row.text('brand', 100),
    department: departmentOf(category, departmentWord, name),
    category: category ?? departmentWord,
    sizeMl: row.read('size_ml', readSizeMl),
    priceCents: notNegative('price'),
    unitCostCents: notNegative('unit_cost'),
    stock: row.read('stock', (t) => readNumber(t, -1_000_000, 10_000_000)),
  }
  return row.result({ ...facts, stock: facts.stock === null ? null : Math.round(facts.stock) })
}
