import type { Department } from '../planning/offer.ts'
import { roundCents } from '../money.ts'
import { departmentOf } from './departments.ts'
import { readInstant } from './read-date.ts'
import { readEmail, readNumber, readPhone } from './read-value.ts'
import type { RowReader, RowResult, RowRules } from './row-reader.ts'

/** One line of an orders file: a whole order (sku null), or one item of it. */
export interface OrderLine {
  orderId: string
  orderedAt: Date
  customerId: string | null
  email: string | null
  phone: string | null
  customerName: string | null
  store: string | null
  couponCode: string | null
  /** of the whole order, null when the file only has line amounts */
  totalCents: number | null
  discountCents: number | null
  sku: string | null
  productName: string | null
  brand: string | null
  department: Department
  category: string | null
  quantity: number
  lineTotalCents: number | null
  lineDiscountCents: number
  unitPriceCents: number | null
}

/** Reads one line of an orders file, or says why it cannot be used. */
export function readOrderRow(row: RowReader, rules: RowRules): RowResult<OrderLine> {
  const orderId = row.text('order_id', 100)
  if (orderId === null && !row.isFaulty()) row.refuse('order_id', 'The order number is missing.')
  const orderedAt = row.read('ordered_at', (t) => {
    const at = readInstant(t, rules, rules.now)
    if (!at) return { fault: 'This is not a date that exists; write it like 2024-05-31 17:45.' }
    if (at.getTime() > rules.now.getTime() + 86_400_000) return { fault: 'The order lies in the future.' }
    return at.getTime() < Date.UTC(1980, 0, 1) ? { fault: 'The order lies before 1980.' } : { value: at }
  })
  if (orderedAt === null && !row.cell('ordered_at')?.trim())
    row.refuse('ordered_at', 'The date of the order is missing.')
  const customerId = row.text('customer_id', 100)
  const faultsBefore = row.reasons().length
  const email = row.read('email', readEmail)
  const phone = row.read('phone', (t) => readPhone(t, rules.country))
  if (customerId === null && email === null && phone === null && row.reasons().length === faultsBefore) {
    row.refuse('customer_id', 'The row does not say whose order it is.')
  }
  const productName = row.text('product_name', 300)
  const sku = row.text('sku', 100) ?? (productName ? `name:${productName.toLowerCase().slice(0, 90)}` : null)
  const quantity = row.read('quantity', (t) => readNumber(t, -1_000_000, 1_000_000)) ?? 1
  const unitPriceCents = row.cents('unit_price')
  const lineTotalCents =
    row.cents('line_total') ?? (unitPriceCents === null ? null : roundCents(unitPriceCents * quantity))
  const totalCents = row.cents('total')
  if (!row.isFaulty() && lineTotalCents === null && totalCents === null)
    row.refuse(sku === null ? 'total' : 'line_total', 'The amount is missing.')
  if (!row.isFaulty() && sku !== null && lineTotalCents === null) {
    row.refuse('line_total', 'An item needs its own amount: a line total, or a unit price.')
  }
  const category = row.text('category', 100)
  const departmentWord = row.text('department', 100)
  const facts: OrderLine = {
    orderId: orderId ?? '',
    orderedAt: orderedAt ?? rules.now,
    customerId,
    email,
    phone,
    customerName: row.text('customer_name', 200),
    store: row.text('store', 100),
    couponCode: row.text('coupon_code', 100),
    totalCents,
    discountCents: abs(row.cents('discount')),
    sku,
    productName,
    brand: row.text('brand', 100),
    department: departmentOf(category, departmentWord, productName),
    category: category ?? departmentWord,
    quantity: Math.round(quantity * 1000) / 1000,
    lineTotalCents,
    // Discounts are written with either sign; they are what the customer did not pay.
    lineDiscountCents: (abs(row.cents('line_discount')) ?? 0) + (abs(row.cents('coupon_discount')) ?? 0),
    unitPriceCents: unitPriceCents ?? perUnit(lineTotalCents, quantity),
  }
  return row.result(facts)
}

const abs = (cents: number | null): number | null => (cents === null ? null : Math.abs(cents))

function perUnit(totalCents: number | null, quantity: number): number | null {
  return totalCents !== null && quantity > 0 && totalCents >= 0 ? roundCents(totalCents / quantity) : null
}
