import { createHmac } from 'node:crypto'

/** A signed post as a till makes it. */
export interface SimHook {
  kind: 'shopify' | 'woocommerce'
  headers: Record<string, string>
  body: string
}
export const sign = (secret: string, body: string): string => createHmac('sha256', secret).update(body).digest('base64')
/** Posts to a running server; 0 when nobody answered. */
export async function post(url: string, hook: SimHook): Promise<number> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: hook.headers,
      body: hook.body,
      signal: AbortSignal.timeout(30_000),
    })
    await answer.arrayBuffer()
    return answer.status
  } catch {
    return 0
  }
}
export const dollars = (cents: number): string => (cents / 100).toFixed(2)

export interface SimLine {
  id: number
  sku: string
  title: string
  cents: number
  quantity: number
  /** how many are left after returns */
  left?: number
  discountCents?: number
}
