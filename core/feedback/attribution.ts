const day = 86_400_000
/** An order counts for the last click up to this long before it. */
export const clickWindowMs = 7 * day
/** A coupon code speaks for the last message that carried it up to this long before the order. */
export const couponWindowMs = 30 * day

export interface OrderFact {
  at: Date
  couponCode: string | null
}

/** One message to the same customer that may have earned the order. */
export interface Touch {
  sendId: string
  sentAt: Date
  /** code of the offer in the message */
  code: string | null
  /** clicks by a person, or where it cannot be told; scanners are left out by the caller */
  clickedAt: readonly Date[]
}

export interface Attribution {
  sendId: string
  because: 'coupon' | 'click'
}

/**
 * Which message earned an order: the latest one whose code was redeemed, else the one clicked last within 7 days
 * before the order, else none. Opens never count: mail programs make them without people.
 */
export function attributeOrder(order: OrderFact, touches: readonly Touch[]): Attribution | null {
  const at = order.at.getTime()
  const code = order.couponCode?.trim().toUpperCase() ?? ''
  const within = (time: Date, windowMs: number): boolean => time.getTime() <= at && at - time.getTime() < windowMs
  if (code !== '') {
    const carried = touches.filter((t) => t.code?.trim().toUpperCase() === code && within(t.sentAt, couponWindowMs))
    const last = latest(carried.map((t) => ({ sendId: t.sendId, at: t.sentAt.getTime() })))
    if (last) return { sendId: last, because: 'coupon' }
  }
  const clicks = touches.flatMap((t) =>
    t.clickedAt.filter((c) => within(c, clickWindowMs)).map((c) => ({ sendId: t.sendId, at: c.getTime() })),
  )
  const last = latest(clicks)
  return last ? { sendId: last, because: 'click' } : null
}

function latest(moments: { sendId: string; at: number }[]): string | null {
  return (
    moments.reduce<{ sendId: string; at: number } | null>(
      (best, m) => (!best || m.at > best.at || (m.at === best.at && m.sendId > best.sendId) ? m : best),
      null,
    )?.sendId ?? null
  )
}
