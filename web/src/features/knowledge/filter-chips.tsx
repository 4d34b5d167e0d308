import { X } from 'lucide-react'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { filtersOff, isOn, type ChangeUrl, type CustomerUrl } from './customer-url.ts'
import { ageWord, churnWord, consentWord, rfmWord, type CustomerRow } from './customer-words.ts'

interface Chip {
  /** filters it stands for; taking it away puts them to rest */
  of: (keyof CustomerUrl)[]
  label: string
}
const or = (words: readonly string[]): string => words.join(t(' or '))

/** The filters that are on, in words. */
export function chipsOf(url: CustomerUrl): Chip[] {
  const chips: Chip[] = []
  const add = (name: keyof CustomerUrl, label: () => string): void => {
    if (isOn(url, name as never)) chips.push({ of: [name], label: label() })
  }
  const range = (from: keyof CustomerUrl, to: keyof CustomerUrl, what: string, show: (n: number) => string): void => {
    const [low, high] = [url[from] as number, url[to] as number]
    const [hasLow, hasHigh] = [isOn(url, from as never), isOn(url, to as never)]
    if (!hasLow && !hasHigh) return
    const values = { what, low: show(low), high: show(high) }
    const words = hasLow && hasHigh ? '{what} {low} to {high}' : hasLow ? '{what} from {low}' : '{what} up to {high}'
    chips.push({ of: [from, to], label: t(words, values) })
  }
  const dollars = (n: number): string => money(n * 100)
  add('segment', () => or(url.segment.map(rfmWord)))
  add('churn', () => t('Churn: {risk}', { risk: or(url.churn.map(churnWord)) }))
  add('category', () => or(url.category))
  add('category2', () => t('Also buys {category}', { category: or(url.category2) }))
  add('brand', () => t('Brand: {brand}', { brand: or(url.brand.split(/, */)) }))
  add('state', () => t('State: {state}', { state: or(url.state) }))
  add('city', () => url.city)
  add('zip', () => t('ZIP {zip}…', { zip: url.zip }))
  add('age', () => or(url.age.map((a) => ageWord(a as CustomerRow['age_status']))))
  const consents = (values: string[]): string => or(values.map((v) => consentWord(v as CustomerRow['email_consent'])))
  add('email', () => t('Email consent: {state}', { state: consents(url.email) }))
  add('sms', () => t('Text consent: {state}', { state: consents(url.sms) }))
  add('has_email', () => (url.has_email === 'yes' ? t('With email') : t('Without email')))
  add('has_phone', () => (url.has_phone === 'yes' ? t('With phone') : t('Without phone')))
  add('night', () => (url.night === 'yes' ? t('Night buyers') : t('No night buyers')))
  add('bought', () => t('Bought in the last {days, plural, one {day} other {# days}}', { days: url.bought }))
  add('quiet', () => t('Bought nothing for {days, plural, one {# day} other {# days}}', { days: url.quiet }))
  add('since', () => t('New in the last {days, plural, one {day} other {# days}}', { days: url.since }))
  range('orders_min', 'orders_max', t('Orders'), String)
  range('clv_min', 'clv_max', t('Value'), dollars)
  range('spent_min', 'spent_max', t('Spent'), dollars)
  range('aov_min', 'aov_max', t('Average order'), dollars)
  range('hour_from', 'hour_to', t('Usual hour'), (h) => `${h}:00`)
  add('answers_min', () => t('Answers at least {share}%', { share: url.answers_min }))
  add('tags', () => t('Tags: {tags}', { tags: url.tags.split(/, */).join(t(' and ')) }))
  add('any_tag', () => t('Tags: {tags}', { tags: or(url.any_tag.split(/, */)) }))
  add('no_tag', () => t('Not tagged {tags}', { tags: or(url.no_tag.split(/, */)) }))
  add('store', () => t('One store'))
  add('import', () => t('From one import'))
  add('members', () => t('In one segment'))
  add('deleted', () => t('Deleted'))
  return chips
}

/** One chip per filter, each with its own way out. */
export function FilterChips({ url, setUrl }: { url: CustomerUrl; setUrl: ChangeUrl }) {
  const chips = chipsOf(url)
  const stores = useApi('GET /api/v1/stores', undefined, { enabled: url.store !== '', staleMs: 600_000 })
  const segment = useApi(
    'GET /api/v1/segments/:id',
    { params: { id: url.members } },
    { enabled: url.members !== '', staleMs: 60_000 },
  )
  if (chips.length === 0) return null
  const named = (chip: Chip): string => {
    if (chip.of[0] === 'store') return stores.data?.data.find((s) => s.id === url.store)?.name ?? chip.label
    if (chip.of[0] === 'members' && segment.data) return t('In {segment}', { segment: segment.data.name })
    return chip.label
  }
  return (
    <ul aria-label={t('Filters that are on')} className="flex flex-wrap items-center gap-1.5 pb-3">
      {chips.map((chip) => (
        <li key={chip.of.join()}>
          <button
            type="button"
            onClick={() => setUrl(Object.fromEntries(chip.of.map((name) => [name, filtersOff[name]])))}
            className="label inline-flex h-7 items-center gap-1 rounded-md border border-line-strong bg-surface pl-2 pr-1.5 hover:bg-sunken max-sm:h-11"
          >
            {named(chip)}
            <X className="size-3.5 text-ink-2" aria-hidden />
            <span className="sr-only">{t('remove this filter')}</span>
          </button>
        </li>
      ))}
      <li>
        <Button size="sm" look="quiet" onClick={() => setUrl({ ...filtersOff, view: '' })}>
          {t('Clear filters')}
        </Button>
      </li>
    </ul>
  )
}
