import { readOrderRow } from '#core/knowledge/import-order.ts'
import { centsText, readNamed } from '#core/knowledge/named-row.ts'
import type { Reason } from '#core/knowledge/row-reader.ts'
import type { OrderState, StoredLine } from '#core/knowledge/till-order.ts'
import type { Reading } from '../../ports/till.ts'

export interface TillLine {
  /** the till's number of it */
  id: string
  /** where it stands in the payload */
  path: string
  sku: string | undefined
  name: string | undefined
  brand?: string | undefined
  quantity: number
  cents: number
  discountCents: number
}

export interface TillOrder extends Pick<OrderState, 'standing' | 'why' | 'totalCents' | 'refunds'> {
  number: string
  orderedAt: string
  store: string | undefined
  coupon: string | undefined
  discountCents: number
  lines: readonly TillLine[]
  /** our field -> where it stands in the payload */
  paths: Readonly<Record<string, string>>
}

/** An order through the reader of imports: the same limits, departments and sentences as for a file. */
export function readTillOrder(order: TillOrder, reading: Reading): { state: OrderState } | { reasons: Reason[] } {
  const head = {
    order_id: order.number,
    ordered_at: order.orderedAt,
    // Whose it is is settled apart (core/knowledge/till.ts); here it only must not be missing.
    customer_id: '-',
    store: order.store,
    coupon_code: order.coupon,
    total: centsText(order.totalCents),
    discount: centsText(order.discountCents),
  }
  const reasons: Reason[] = []
  const lines: StoredLine[] = []
  let orderedAt: Date | null = null
  for (const line of order.lines.length > 0 ? order.lines : [null]) {
    const result = readNamed(
      readOrderRow,
      {
        values: line
          ? {
              ...head,
              sku: line.sku,
              product_name: line.name,
              brand: line.brand,
              quantity: String(line.quantity),
              line_total: centsText(line.cents),
              line_discount: centsText(line.discountCents),
            }
          : head,
        paths: {
          ...order.paths,
          ...(line
            ? {
                sku: `${line.path}.sku`,
                product_name: `${line.path}.name`,
                quantity: `${line.path}.quantity`,
                line_total: line.path,
              }
            : {}),
        },
        // A name that is too long must not keep the order out.
        lenient: new Set(['product_name', 'brand', 'store', 'coupon_code']),
      },
      reading.rules,
    )
    if (!result.facts) {
      for (const reason of result.reasons) if (!reasons.some((r) => r.column === reason.column)) reasons.push(reason)
      continue
    }
    orderedAt = result.facts.orderedAt
    const { customerId: _c, email: _e, phone: _p, customerName: _n, orderedAt: _o, ...stored } = result.facts
    lines.push({ ...stored, line: line?.id ?? '' })
  }
  if (reasons.length > 0 || !orderedAt) return { reasons }
  const { standing, why, totalCents, refunds } = order
  return { state: { standing, why, orderedAt, lines, totalCents, refunds } }
}
