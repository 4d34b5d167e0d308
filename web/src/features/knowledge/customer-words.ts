import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import type { Tone } from '../../ui/pill.tsx'

export type CustomerRow = ReplyOf<'GET /api/v1/customers'>['data'][number]
export type Customer = ReplyOf<'GET /api/v1/customers/:id'>
export type Suppression = ReplyOf<'GET /api/v1/suppressions'>['data'][number]
export const suppressionReasons = ['unsubscribe', 'stop', 'complaint', 'hard_bounce', 'manual', 'erased'] as const
export type HistoryEntry = ReplyOf<'GET /api/v1/customers/:id/history'>['data'][number]

// The names of core/scoring/playbooks.ts, which is too large for a bundle.
const segmentNames: Record<string, string> = {
  New_Customers: 'New customers',
  One_Time_Buyers: 'One-time buyers',
  Very_Frequent_Buyers: 'Very frequent buyers',
  Low_Value_Frequent: 'Frequent, small baskets',
  High_Value_Loyal: 'High-value loyal',
  At_Risk_High_Value: 'High value, at risk',
  High_Value_Occasional: 'High value, occasional',
  Promising: 'Promising',
  Needs_Attention: 'Needs attention',
  Hibernating: 'Hibernating',
  Lost: 'Lost',
}

/** The name of an RFM segment; a key nobody knows is made readable. */
export function rfmWord(segment: string | null): string {
  if (!segment) return t('Not scored yet')
  return t(segmentNames[segment] ?? segment.replaceAll('_', ' '))
}

export const customerName = (c: Pick<CustomerRow, 'name' | 'email' | 'phone' | 'external_id'>): string =>
  c.name ?? c.email ?? c.phone ?? c.external_id ?? t('Unnamed customer')

const ages: Record<CustomerRow['age_status'], [Tone, string]> = {
  dob_verified: ['good', '21+ by date of birth'],
  attested: ['good', '21+ by own word'],
  unknown: ['warn', 'Age unknown'],
  under_age: ['risk', 'Under age'],
}
export const ageStatuses = ['dob_verified', 'attested', 'unknown', 'under_age'] as const
export const ageWord = (status: CustomerRow['age_status']): string => t(ages[status][1])
export const ageTone = (status: CustomerRow['age_status']): Tone => ages[status][0]

export const consentStates = ['granted', 'denied', 'unknown'] as const
const consents: Record<CustomerRow['email_consent'], [Tone, string]> = {
  granted: ['good', 'Yes'],
  denied: ['risk', 'No'],
  unknown: ['neutral', 'Not asked'],
}
export const consentWord = (consent: CustomerRow['email_consent']): string => t(consents[consent][1])
export const consentTone = (consent: CustomerRow['email_consent']): Tone => consents[consent][0]

export const churnRisks = ['low', 'medium', 'high', 'new'] as const
const churns: Record<string, string> = { low: 'Low', medium: 'Medium', high: 'High', new: 'New' }
export const churnWord = (risk: string): string => t(churns[risk] ?? risk)
export const rfmSegments = [
  'High_Value_Loyal',
  'Very_Frequent_Buyers',
  'High_Value_Occasional',
  'Low_Value_Frequent',
  'Promising',
  'New_Customers',
  'One_Time_Buyers',
  'Needs_Attention',
  'At_Risk_High_Value',
  'Hibernating',
  'Lost',
] as const

export const usStates =
  'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR'.split(
    ' ',
  )

export const erasureReasonWords = {
  customer_request: 'The customer asked for it',
  under_age: 'The customer is under age',
  no_longer_needed: 'It is no longer needed',
  entered_by_mistake: 'It was entered by mistake',
} as const
