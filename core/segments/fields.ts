/** What a condition may look at. Labels are the words of the builder and of the English sentence. */
export type FieldType = 'text' | 'choice' | 'number' | 'money' | 'flag' | 'list' | 'instant' | 'birthday'

export interface Field {
  label: string
  group: 'Person' | 'Consent' | 'Purchases' | 'Scores' | 'Taste'
  type: FieldType
  /** fixed choices, value -> words */
  choices?: Record<string, string>
  /** where the builder looks up values that depend on the shop's data */
  lookup?: 'state' | 'store' | 'category' | 'brand' | 'tag' | 'rfm_segment'
  /** after the figure: "31 days" */
  unit?: string
}

const consent = { granted: 'yes', denied: 'no', unknown: 'never asked' }
const fifths = { label: '', group: 'Scores', type: 'number', unit: 'of 5' } as const

/** Names are those of the API and of the tables (contract/knowledge.ts, customer_scores). */
export const fields = {
  name: { label: 'name', group: 'Person', type: 'text' },
  email: { label: 'email', group: 'Person', type: 'text' },
  phone: { label: 'phone', group: 'Person', type: 'text' },
  city: { label: 'city', group: 'Person', type: 'text' },
  state: { label: 'state', group: 'Person', type: 'choice', lookup: 'state' },
  zip: { label: 'ZIP code', group: 'Person', type: 'text' },
  store_id: { label: 'store', group: 'Person', type: 'choice', lookup: 'store' },
  tags: { label: 'tags', group: 'Person', type: 'list', lookup: 'tag' },
  birthday: { label: 'birthday', group: 'Person', type: 'birthday' },
  age_years: { label: 'age', group: 'Person', type: 'number', unit: 'years' },
  created_at: { label: 'customer since', group: 'Person', type: 'instant' },
  age_status: {
    label: 'age check',
    group: 'Consent',
    type: 'choice',
    choices: {
      dob_verified: 'birth date verified',
      attested: 'confirmed 21+',
      unknown: 'not checked',
      under_age: 'under age',
    },
  },
  email_consent: { label: 'email consent', group: 'Consent', type: 'choice', choices: consent },
  sms_consent: { label: 'text message consent', group: 'Consent', type: 'choice', choices: consent },
  purchase_frequency: { label: 'number of orders', group: 'Purchases', type: 'number' },
  total_spent_cents: { label: 'total spent', group: 'Purchases', type: 'money' },
  avg_order_value_cents: { label: 'average order', group: 'Purchases', type: 'money' },
  first_purchase_at: { label: 'first order', group: 'Purchases', type: 'instant' },
  last_purchase_at: { label: 'last order', group: 'Purchases', type: 'instant' },
  rfm_segment: { label: 'RFM segment', group: 'Scores', type: 'choice', lookup: 'rfm_segment' },
  recency_score: { ...fifths, label: 'recency score' },
  frequency_score: { ...fifths, label: 'frequency score' },
  monetary_score: { ...fifths, label: 'monetary score' },
  churn_risk: {
    label: 'churn risk',
    group: 'Scores',
    type: 'choice',
    choices: { low: 'low', medium: 'medium', high: 'high', new: 'too new to tell' },
  },
  churn_probability: { label: 'churn probability', group: 'Scores', type: 'number', unit: '(0 to 1)' },
  clv_cents: { label: '12-month value', group: 'Scores', type: 'money' },
  expected_gap_days: { label: 'usual time between orders', group: 'Scores', type: 'number', unit: 'days' },
  due_ratio: { label: 'time since the last order, in usual gaps', group: 'Scores', type: 'number' },
  next_purchase_at: { label: 'next order expected', group: 'Scores', type: 'instant' },
  avg_purchase_hour: { label: 'usual hour', group: 'Scores', type: 'number', unit: "o'clock" },
  is_night_buyer: { label: 'night buyer', group: 'Scores', type: 'flag' },
  preferred_weekday: {
    label: 'usual weekday',
    group: 'Scores',
    type: 'choice',
    choices: {
      1: 'Monday',
      2: 'Tuesday',
      3: 'Wednesday',
      4: 'Thursday',
      5: 'Friday',
      6: 'Saturday',
      7: 'Sunday',
    },
  },
  primary_category: { label: 'favourite category', group: 'Taste', type: 'choice', lookup: 'category' },
  secondary_category: { label: 'second category', group: 'Taste', type: 'choice', lookup: 'category' },
  favorite_brands: { label: 'favourite brands', group: 'Taste', type: 'list', lookup: 'brand' },
} as const satisfies Record<string, Field>

export type FieldName = keyof typeof fields
export const fieldNames = Object.keys(fields) as [FieldName, ...FieldName[]]
export const fieldOf = (name: FieldName): Field => fields[name]
