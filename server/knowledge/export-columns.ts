import type { ExportColumn } from '#contract/bulk.ts'

const money = (sql: string): string => `case when ${sql} is not null then (${sql} / 100.0)::numeric(14, 2)::text end`
/** @param zone placeholder of the shop's zone */
const instant =
  (sql: string) =>
  (zone: string): string =>
    `to_char(${sql} at time zone ${zone}, 'YYYY-MM-DD HH24:MI')`
const flag = (sql: string): string => `case when ${sql} then 'yes' when not ${sql} then 'no' end`

/** Each column as text, over `customerFrom` and `stores`. */
export const exportSql: Record<ExportColumn, string | ((zone: string) => string)> = {
  name: 'c.name',
  email: 'c.email::text',
  phone: 'c.phone',
  external_id: 'c.external_id',
  state: 'c.state',
  tags: `array_to_string(c.tags, ', ')`,
  age_status: 'c.age_status',
  email_consent: 'c.email_consent',
  sms_consent: 'c.sms_consent',
  rfm_segment: 's.rfm_segment',
  churn_risk: 's.churn_risk',
  clv_score: money('s.clv_cents'),
  total_spent: money('s.total_spent_cents'),
  purchase_frequency: 's.purchase_frequency::text',
  avg_order_value: money('s.avg_order_value_cents'),
  last_purchase_at: instant('s.last_purchase_at'),
  primary_category: 's.primary_category',
  secondary_category: 's.secondary_category',
  favorite_brands: `array_to_string(s.favorite_brands, ', ')`,
  avg_purchase_hour: 'round(s.avg_purchase_hour::numeric, 1)::text',
  is_night_buyer: flag('s.is_night_buyer'),
  success_rate_pct: 'round(s.success_rate_pct::numeric, 1)::text',
  created_at: instant('c.created_at'),
  store: 'st.name',
  id: 'c.id::text',
  first_name: 'c.first_name',
  birth_date: 'c.birth_date::text',
  address: 'c.address',
  city: 'c.city',
  zip: 'c.zip',
}

/** What a reader with masked addresses does not get at all; email and phone they get masked. */
export const hiddenColumns: readonly ExportColumn[] = ['birth_date', 'address']
