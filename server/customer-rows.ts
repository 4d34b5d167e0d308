import type { CustomerRow } from '#contract/knowledge.ts'
import type { Actor } from './audit.ts'
import type { SortKeys } from './keyset.ts'

/** Every list of customers reads these tables under these names. */
export const customerFrom = 'customers as c left join customer_scores as s on s.customer_id = c.id'

export const customerColumns = `c.id, c.external_id, c.name, c.email, c.phone, c.state, c.store_id, c.tags, c.age_status, c.email_consent, c.sms_consent,
  s.rfm_segment, s.churn_risk, s.clv_cents as clv_score_cents, s.is_night_buyer, s.avg_purchase_hour, s.purchase_frequency,
  s.total_spent_cents, s.avg_order_value_cents, s.success_rate_pct, s.primary_category, s.secondary_category,
  coalesce(s.favorite_brands, '{}') as favorite_brands, s.last_purchase_at, c.is_demo, c.created_at, c.updated_at, c.deleted_at`

/** Instants of a cursor are compared as text with their microseconds: a Date would lose them and repeat rows. */
export const customerSortKeys: SortKeys = {
  name: { sql: 'c.name', type: 'text' },
  email: { sql: 'c.email', type: 'citext' },
  created_at: { sql: 'c.created_at', type: 'timestamptz' },
  updated_at: { sql: 'c.updated_at', type: 'timestamptz' },
  state: { sql: 'c.state', type: 'text' },
  rfm_segment: { sql: 's.rfm_segment', type: 'text' },
  churn_risk: { sql: `array_position('{low,new,medium,high}'::text[], s.churn_risk)`, type: 'bigint' },
  clv_score: { sql: 's.clv_cents', type: 'bigint' },
  total_spent: { sql: 's.total_spent_cents', type: 'bigint' },
  avg_order_value: { sql: 's.avg_order_value_cents', type: 'bigint' },
  purchase_frequency: { sql: 's.purchase_frequency', type: 'bigint' },
  last_purchase_at: { sql: 's.last_purchase_at', type: 'timestamptz' },
  avg_purchase_hour: { sql: 's.avg_purchase_hour::float8', type: 'float8' },
  primary_category: { sql: 's.primary_category', type: 'text' },
  success_rate_pct: { sql: 's.success_rate_pct::float8', type: 'float8' },
}

type Stored = Omit<CustomerRow, 'is_masked'>

/** The row as this reader may see it: role `user` works with people without seeing how to reach them. */
export function showCustomer(row: Stored, actor: Pick<Actor, 'role'>): CustomerRow {
  const masked = actor.role === 'user'
  return {
    ...row,
    email: masked ? maskEmail(row.email) : row.email,
    phone: masked ? maskPhone(row.phone) : row.phone,
    is_masked: masked,
  }
}

/** j***@e***.com */
export function maskEmail(email: string | null): string | null {
  const m = email === null ? null : /^(.)[^@]*@(.).*?(\.[^.]+)?$/u.exec(email)
  return m ? `${m[1]}***@${m[2]}***${m[3] ?? ''}` : null
}

/** +1•••4567 */
export function maskPhone(phone: string | null): string | null {
  if (phone === null) return null
  return `${phone.startsWith('+1') ? '+1' : phone.slice(0, 3)}•••${phone.slice(-4)}`
}

/** An email or a phone, whichever it is. */
export const maskAddress = (address: string): string =>
  (address.includes('@') ? maskEmail(address) : maskPhone(address)) ?? ''

/** A text with this one address in it masked, however a mail writes it. */
export function maskIn<T extends string | null>(text: T, address: string): T {
  if (text === null) return text
  const masked = maskAddress(address)
  return [address, encodeURIComponent(address)].reduce(
    (left: string, form) => left.replaceAll(new RegExp(form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'gi'), masked),
    text,
  ) as T
}

const emailInText = /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}.-]+\.\p{L}{2,}/gu
const phoneInText = /\+[1-9]\d{6,14}\b|(?<!\d)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)/g

/** Free text (an error of a provider, the words of a message) with every address in it masked. */
export function hideAddresses<T extends string | null>(text: T): T {
  return (
    text === null
      ? null
      : text
          .replace(emailInText, (email) => maskEmail(email) ?? '')
          .replace(phoneInText, (phone) => `•••${phone.slice(-4)}`)
  ) as T
}
