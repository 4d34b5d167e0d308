import { ChevronRight } from 'lucide-react'
import { useState, type ReactNode } from 'react'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Choices } from '../../ui/choices.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { Pill } from '../../ui/pill.tsx'
import { isOn, type ChangeUrl, type CustomerUrl } from './customer-url.ts'
import {
  ageStatuses,
  ageWord,
  churnRisks,
  churnWord,
  consentStates,
  consentWord,
  rfmSegments,
  rfmWord,
  usStates,
} from './customer-words.ts'

type Many = { [K in keyof CustomerUrl]: CustomerUrl[K] extends string[] ? K : never }[keyof CustomerUrl]
type Whole = { [K in keyof CustomerUrl]: CustomerUrl[K] extends number ? K : never }[keyof CustomerUrl]
type Words = 'tags' | 'any_tag' | 'no_tag' | 'brand' | 'city' | 'zip'

/** Every filter of the list, by what it is about; each change counts at once. */
export function FilterForm({ url, setUrl }: { url: CustomerUrl; setUrl: ChangeUrl }) {
  const categories = useApi('GET /api/v1/analytics/revenue', { query: { period: '12m' } }, { staleMs: 600_000 })
  const stores = useApi('GET /api/v1/stores', undefined, { staleMs: 600_000 })
  const goods = (categories.data?.by_category ?? []).map((c) => ({ value: c.category, label: c.category }))
  const many = (name: Many, label: string, options: { value: string; label: string }[]): ReactNode => (
    <Choices label={label} value={url[name]} options={options} onChange={(value) => setUrl({ [name]: value })} />
  )
  const of = <T extends string>(values: readonly T[], word: (value: T) => string) =>
    values.map((value) => ({ value, label: word(value) }))
  const words = (name: Words, label: string, hint?: string): ReactNode => (
    <Field label={label} {...(hint ? { hint } : {})}>
      <Late value={url[name]} onChange={(value) => setUrl({ [name]: value })} />
    </Field>
  )
  const whole = (name: Whole, rest = 0) => (
    <Late
      number
      value={url[name] === rest ? '' : String(url[name])}
      onChange={(value) => setUrl({ [name]: value === '' ? rest : Number(value) })}
    />
  )
  const days = (name: Whole, label: string): ReactNode => <Field label={label}>{whole(name)}</Field>
  const range = (from: Whole, to: Whole, label: string, rest = 0): ReactNode => (
    <div role="group" aria-label={label}>
      <span className="mb-1 block font-medium" aria-hidden>
        {label}
      </span>
      <div className="flex items-center gap-1.5">
        <Field label={t('{what}, from', { what: label })} hideLabel className="min-w-0 flex-1">
          {whole(from, rest)}
        </Field>
        <span className="text-ink-2">{t('to')}</span>
        <Field label={t('{what}, to', { what: label })} hideLabel className="min-w-0 flex-1">
          {whole(to, rest)}
        </Field>
      </div>
    </div>
  )
  const whether = (name: 'has_email' | 'has_phone' | 'night', label: string): ReactNode => (
    <Field label={label}>
      <Select
        value={url[name]}
        onChange={(e) => setUrl({ [name]: e.target.value })}
        options={[
          { value: '', label: t('Any') },
          { value: 'yes', label: t('Yes') },
          { value: 'no', label: t('No') },
        ]}
      />
    </Field>
  )
  return (
    <div className="rounded-lg border border-line bg-surface">
      <Part title={t('Scores')} url={url} names={['segment', 'churn', 'clv_min', 'clv_max', 'answers_min']} open>
        {many('segment', t('Segment'), of(rfmSegments, rfmWord))}
        {many('churn', t('Churn risk'), of(churnRisks, churnWord))}
        {range('clv_min', 'clv_max', t('Value in 12 months, $'))}
        {days('answers_min', t('Answers at least … %'))}
      </Part>
      <Part
        title={t('Purchases')}
        url={url}
        names={[
          'bought',
          'quiet',
          'orders_min',
          'orders_max',
          'spent_min',
          'spent_max',
          'aov_min',
          'aov_max',
          'hour_from',
          'hour_to',
          'night',
        ]}
      >
        {days('bought', t('Bought in the last … days'))}
        {days('quiet', t('Bought nothing for … days'))}
        {range('orders_min', 'orders_max', t('Orders'))}
        {range('spent_min', 'spent_max', t('Spent in all, $'))}
        {range('aov_min', 'aov_max', t('Average order, $'))}
        {range('hour_from', 'hour_to', t('Usual hour'), -1)}
        {whether('night', t('Night buyer'))}
      </Part>
      <Part title={t('Taste')} url={url} names={['category', 'category2', 'brand']}>
        {many('category', t('Buys mostly'), goods)}
        {many('category2', t('Buys next'), goods)}
        {words('brand', t('Brands'), t('Any of these, with commas'))}
      </Part>
      <Part title={t('Person')} url={url} names={['state', 'city', 'zip', 'since', 'store']}>
        {many(
          'state',
          t('State'),
          of(usStates, (s) => s),
        )}
        {words('city', t('City'))}
        {words('zip', t('ZIP begins with'))}
        {days('since', t('New in the last … days'))}
        <Field label={t('Store')}>
          <Select
            value={url.store}
            onChange={(e) => setUrl({ store: e.target.value })}
            options={[
              { value: '', label: t('Any') },
              ...(stores.data?.data ?? []).map((s) => ({ value: s.id, label: s.name })),
            ]}
          />
        </Field>
      </Part>
      <Part title={t('Consent')} url={url} names={['email', 'sms', 'age', 'has_email', 'has_phone']}>
        {many('email', t('Email consent'), of(consentStates, consentWord))}
        {many('sms', t('Text consent'), of(consentStates, consentWord))}
        {many('age', t('Age'), of(ageStatuses, ageWord))}
        {whether('has_email', t('Has an email'))}
        {whether('has_phone', t('Has a phone'))}
      </Part>
      <Part title={t('Tags and deleted')} url={url} names={['tags', 'any_tag', 'no_tag', 'deleted']}>
        {words('tags', t('All of these'), t('With commas'))}
        {words('any_tag', t('Any of these'), t('With commas'))}
        {words('no_tag', t('None of these'), t('With commas'))}
        <div className="flex items-end pb-2">
          <Checkbox
            label={t('Deleted customers')}
            checked={url.deleted}
            onChange={(e) => setUrl({ deleted: e.target.checked })}
          />
        </div>
      </Part>
    </div>
  )
}

/** Folded unless it comes first or holds a filter that is on: the list below should stay in sight. */
function Part({
  title,
  url,
  names,
  open = false,
  children,
}: {
  title: string
  url: CustomerUrl
  names: readonly Parameters<typeof isOn>[1][]
  open?: boolean
  children: ReactNode
}) {
  const on = names.filter((name) => isOn(url, name)).length
  const [start] = useState(open || on > 0)
  return (
    <details open={start} className="group border-t border-line first:border-t-0">
      <summary className="label flex min-h-9 list-none items-center gap-2 px-4 hover:bg-sunken max-sm:min-h-11 [&::-webkit-details-marker]:hidden">
        <ChevronRight className="size-3.5 text-ink-2 transition-transform group-open:rotate-90" aria-hidden />
        {title}
        {on > 0 && <Pill tone="info">{t('{n} on', { n: on })}</Pill>}
      </summary>
      <div className="grid grid-cols-2 gap-3 px-4 pb-4 pt-1 md:grid-cols-3 xl:grid-cols-4">{children}</div>
    </details>
  )
}

/** Counts when the field is left or Enter is pressed, so that half a number does not search. */
function Late({
  value,
  onChange,
  number = false,
}: {
  value: string
  onChange: (value: string) => void
  number?: boolean
}) {
  const [draft, setDraft] = useState(value)
  const [last, setLast] = useState(value)
  if (value !== last) {
    setLast(value)
    setDraft(value)
  }
  const commit = (): void => {
    const next = number ? draft.replace(/\D/g, '') : draft.trim()
    if (next !== value) onChange(next)
  }
  return (
    <Input
      value={draft}
      inputMode={number ? 'numeric' : 'text'}
      onChange={(e) => setDraft(e.target.value)}
      onBlur={commit}
      onKeyDown={(e) => e.key === 'Enter' && commit()}
    />
  )
}
