import { choice, flag, list, tableParams, text, whole, type Values } from '../../lib/url.ts'

const dollars = whole(0, 0, 10_000_000)
const yesNo = choice(['', 'yes', 'no'], '')

/** Everything that decides which customers are shown, as it stands in the address. Money stands in whole dollars. */
export const customerUrl = {
  ...tableParams('-clv_score'),
  /** the saved view this began with */
  view: text(),
  /** columns of a view or a shared link; empty: the user's own */
  cols: list(),
  q: text(),
  segment: list(),
  churn: list(),
  category: list(),
  category2: list(),
  brand: text(),
  state: list(),
  city: text(),
  zip: text(),
  age: list(),
  email: list(),
  sms: list(),
  has_email: yesNo,
  has_phone: yesNo,
  night: yesNo,
  bought: whole(0, 0, 3650),
  quiet: whole(0, 0, 3650),
  since: whole(0, 0, 3650),
  orders_min: whole(0, 0, 100_000),
  orders_max: whole(0, 0, 100_000),
  clv_min: dollars,
  clv_max: dollars,
  spent_min: dollars,
  spent_max: dollars,
  aov_min: dollars,
  aov_max: dollars,
  // An hour may be 0, so none is -1.
  hour_from: whole(-1, 0, 24),
  hour_to: whole(-1, 0, 24),
  answers_min: whole(0, 0, 100),
  tags: text(),
  any_tag: text(),
  no_tag: text(),
  store: text(),
  import: text(),
  members: text(),
  deleted: flag(),
}
export type CustomerUrl = Values<typeof customerUrl>
export type ChangeUrl = (changes: Partial<CustomerUrl>) => void

type FilterName = Exclude<keyof CustomerUrl, 'page' | 'size' | 'sort' | 'view' | 'cols'>
const notFilters = ['page', 'size', 'sort', 'view', 'cols']
export const filterNames = Object.keys(customerUrl).filter((n) => !notFilters.includes(n)) as FilterName[]

/** Every filter at its rest. */
export const filtersOff = Object.fromEntries(
  filterNames.map((name) => [name, customerUrl[name].read(undefined)]),
) as Partial<CustomerUrl>
export const isOn = (url: CustomerUrl, name: FilterName): boolean =>
  customerUrl[name].write(url[name] as never) !== undefined

const cents = (whole: number): number | undefined => (whole > 0 ? whole * 100 : undefined)
const some = (n: number): number | undefined => (n > 0 ? n : undefined)
const bool = (value: '' | 'yes' | 'no'): boolean | undefined => (value === '' ? undefined : value === 'yes')
const words = (value: string): string[] | undefined => {
  const found = value
    .split(',')
    .map((w) => w.trim().toLowerCase())
    .filter(Boolean)
  return found.length > 0 ? found : undefined
}
const items = (value: string[]): string[] | undefined => (value.length > 0 ? value : undefined)

/** The address as the API's filter: for the list, a view, a bulk action or a segment. */
export function filterOf(url: CustomerUrl) {
  return {
    q: url.q || undefined,
    rfm_segment: items(url.segment),
    churn_risk: items(url.churn),
    primary_category: items(url.category),
    secondary_category: items(url.category2),
    brand: url.brand
      ? url.brand
          .split(',')
          .map((b) => b.trim())
          .filter(Boolean)
      : undefined,
    state: items(url.state),
    city: url.city || undefined,
    zip: url.zip || undefined,
    age_status: items(url.age),
    email_consent: items(url.email),
    sms_consent: items(url.sms),
    has_email: bool(url.has_email),
    has_phone: bool(url.has_phone),
    is_night_buyer: bool(url.night),
    bought_within_days: some(url.bought),
    not_bought_for_days: some(url.quiet),
    created_within_days: some(url.since),
    orders_min: some(url.orders_min),
    orders_max: some(url.orders_max),
    clv_min_cents: cents(url.clv_min),
    clv_max_cents: cents(url.clv_max),
    spent_min_cents: cents(url.spent_min),
    spent_max_cents: cents(url.spent_max),
    aov_min_cents: cents(url.aov_min),
    aov_max_cents: cents(url.aov_max),
    hour_from: url.hour_from < 0 ? undefined : url.hour_from,
    hour_to: url.hour_to < 0 ? undefined : url.hour_to,
    success_min_pct: some(url.answers_min),
    tags: words(url.tags),
    any_tag: words(url.any_tag),
    without_tags: words(url.no_tag),
    store_id: url.store || undefined,
    import_id: url.import || undefined,
    segment_id: url.members || undefined,
    deleted: url.deleted ? true : undefined,
  }
}
export type ListFilter = ReturnType<typeof filterOf>

/** The way back: a filter that was kept by the API as it stands in the address. What the page has no field for is dropped. */
export function urlOf(filter: Record<string, unknown>): Partial<CustomerUrl> {
  const text = (name: string): string => (typeof filter[name] === 'string' ? filter[name] : '')
  const number = (name: string, rest = 0): number => (typeof filter[name] === 'number' ? filter[name] : rest)
  const many = (name: string): string[] => (Array.isArray(filter[name]) ? (filter[name] as string[]) : [])
  const whether = (name: string): '' | 'yes' | 'no' =>
    filter[name] === true ? 'yes' : filter[name] === false ? 'no' : ''
  const dollarsOf = (name: string): number => Math.round(number(name) / 100)
  return {
    q: text('q'),
    segment: many('rfm_segment'),
    churn: many('churn_risk'),
    category: many('primary_category'),
    category2: many('secondary_category'),
    brand: many('brand').join(', '),
    state: many('state'),
    city: text('city'),
    zip: text('zip'),
    age: many('age_status'),
    email: many('email_consent'),
    sms: many('sms_consent'),
    has_email: whether('has_email'),
    has_phone: whether('has_phone'),
    night: whether('is_night_buyer'),
    bought: number('bought_within_days'),
    quiet: number('not_bought_for_days'),
    since: number('created_within_days'),
    orders_min: number('orders_min'),
    orders_max: number('orders_max'),
    clv_min: dollarsOf('clv_min_cents'),
    clv_max: dollarsOf('clv_max_cents'),
    spent_min: dollarsOf('spent_min_cents'),
    spent_max: dollarsOf('spent_max_cents'),
    aov_min: dollarsOf('aov_min_cents'),
    aov_max: dollarsOf('aov_max_cents'),
    hour_from: number('hour_from', -1),
    hour_to: number('hour_to', -1),
    answers_min: number('success_min_pct'),
    tags: many('tags').join(', '),
    any_tag: many('any_tag').join(', '),
    no_tag: many('without_tags').join(', '),
    store: text('store_id'),
    import: text('import_id'),
    members: text('segment_id'),
    deleted: filter['deleted'] === true,
  }
}

/** Two filters that find the same customers are the same text. */
export const filterKey = (filter: Record<string, unknown>): string =>
  JSON.stringify(
    Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
