import { X } from 'lucide-react'
import { useId, useState } from 'react'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { choice, flag, tableParams, text, whole, type Values } from '../../lib/url.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import {
  ageStatuses,
  ageWord,
  churnRisks,
  consentStates,
  consentWord,
  rfmSegments,
  rfmWord,
  usStates,
} from './customer-words.ts'

/** Everything that decides which customers are shown, as it stands in the address. */
export const customerUrl = {
  ...tableParams('-clv_score'),
  q: text(),
  segment: text(),
  churn: choice(['', ...churnRisks], ''),
  category: text(),
  state: text(),
  age: choice(['', ...ageStatuses], ''),
  email: choice(['', ...consentStates], ''),
  sms: choice(['', ...consentStates], ''),
  night: flag(),
  bought: whole(0, 0, 3650),
  quiet: whole(0, 0, 3650),
  clv_min: whole(0, 0, 10_000_000),
  clv_max: whole(0, 0, 10_000_000),
  tags: text(),
  import: text(),
  members: text(),
  deleted: flag(),
}
export type CustomerUrl = Values<typeof customerUrl>
export type ChangeUrl = (changes: Partial<CustomerUrl>) => void
export const filtersOff: Partial<CustomerUrl> = {
  q: '',
  segment: '',
  churn: '',
  category: '',
  state: '',
  age: '',
  email: '',
  sms: '',
  night: false,
  bought: 0,
  quiet: 0,
  clv_min: 0,
  clv_max: 0,
  tags: '',
  import: '',
  members: '',
  deleted: false,
}

/** The address as the API's query. CLV stands in whole dollars in the address. */
export function customerQuery(url: CustomerUrl) {
  return {
    page: url.page,
    page_size: url.size,
    sort: url.sort || undefined,
    q: url.q || undefined,
    rfm_segment: url.segment || undefined,
    churn_risk: url.churn || undefined,
    primary_category: url.category || undefined,
    state: url.state || undefined,
    age_status: url.age || undefined,
    email_consent: url.email || undefined,
    sms_consent: url.sms || undefined,
    is_night_buyer: url.night ? ('true' as const) : undefined,
    bought_within_days: url.bought || undefined,
    not_bought_for_days: url.quiet || undefined,
    clv_min_cents: url.clv_min ? url.clv_min * 100 : undefined,
    clv_max_cents: url.clv_max ? url.clv_max * 100 : undefined,
    tags: url.tags || undefined,
    import_id: url.import || undefined,
    segment_id: url.members || undefined,
    deleted: url.deleted ? ('true' as const) : undefined,
  }
}

interface Chip {
  id: keyof CustomerUrl
  label: string
}

/** The filters that are on, in words. */
export function chipsOf(url: CustomerUrl): Chip[] {
  const chips: (Chip | false)[] = [
    url.segment !== '' && { id: 'segment', label: rfmWord(url.segment) },
    url.churn !== '' && { id: 'churn', label: t('Churn: {risk}', { risk: url.churn }) },
    url.category !== '' && { id: 'category', label: url.category },
    url.state !== '' && { id: 'state', label: t('State: {state}', { state: url.state }) },
    url.age !== '' && { id: 'age', label: ageWord(url.age) },
    url.email !== '' && { id: 'email', label: t('Email consent: {state}', { state: consentWord(url.email) }) },
    url.sms !== '' && { id: 'sms', label: t('Text consent: {state}', { state: consentWord(url.sms) }) },
    url.night && { id: 'night', label: t('Night buyers') },
    url.bought > 0 && {
      id: 'bought',
      label: t('Bought in the last {days, plural, one {day} other {# days}}', { days: url.bought }),
    },
    url.quiet > 0 && {
      id: 'quiet',
      label: t('Bought nothing for {days, plural, one {# day} other {# days}}', { days: url.quiet }),
    },
    url.clv_min > 0 && { id: 'clv_min', label: t('Value from {amount}', { amount: money(url.clv_min * 100) }) },
    url.clv_max > 0 && { id: 'clv_max', label: t('Value up to {amount}', { amount: money(url.clv_max * 100) }) },
    url.tags !== '' && { id: 'tags', label: t('Tags: {tags}', { tags: url.tags }) },
    url.import !== '' && { id: 'import', label: t('From one import') },
    url.members !== '' && { id: 'members', label: t('In one segment') },
    url.deleted && { id: 'deleted', label: t('Deleted') },
  ]
  return chips.filter((c) => c !== false)
}

/** One chip per filter, each with its own way out. */
export function FilterChips({ url, setUrl }: { url: CustomerUrl; setUrl: ChangeUrl }) {
  const chips = chipsOf(url)
  if (chips.length === 0) return null
  return (
    <ul aria-label={t('Filters that are on')} className="flex flex-wrap items-center gap-1.5 pb-3">
      {chips.map((c) => (
        <li key={c.id}>
          <button
            type="button"
            onClick={() => setUrl({ [c.id]: filtersOff[c.id] })}
            className="label inline-flex h-7 items-center gap-1 rounded-md border border-line-strong bg-surface pl-2 pr-1.5 hover:bg-sunken max-sm:h-11"
          >
            {c.label}
            <X className="size-3.5 text-ink-2" aria-hidden />
            <span className="sr-only">{t('remove this filter')}</span>
          </button>
        </li>
      ))}
      <li>
        <Button size="sm" look="quiet" onClick={() => setUrl(filtersOff)}>
          {t('Clear filters')}
        </Button>
      </li>
    </ul>
  )
}

/** Every filter in a grid; each change counts at once. */
export function FilterForm({ url, setUrl }: { url: CustomerUrl; setUrl: ChangeUrl }) {
  const categories = useApi('GET /api/v1/analytics/revenue', { query: { period: '12m' } }, { staleMs: 600_000 })
  const any = { value: '', label: t('Any') }
  const known = categories.data?.by_category.map((c) => c.category) ?? []
  const names = url.category === '' || known.includes(url.category) ? known : [url.category, ...known]
  return (
    <div className="grid grid-cols-2 gap-3 rounded-lg border border-line bg-surface p-4 md:grid-cols-3 xl:grid-cols-4">
      <Field label={t('Segment')}>
        <Select
          value={url.segment}
          onChange={(e) => setUrl({ segment: e.target.value })}
          options={[any, ...rfmSegments.map((s) => ({ value: s, label: rfmWord(s) }))]}
        />
      </Field>
      <Field label={t('Churn risk')}>
        <Select
          value={url.churn}
          onChange={(e) => setUrl({ churn: e.target.value as CustomerUrl['churn'] })}
          options={[
            any,
            { value: 'low', label: t('Low') },
            { value: 'medium', label: t('Medium') },
            { value: 'high', label: t('High') },
            { value: 'new', label: t('New') },
          ]}
        />
      </Field>
      <Field label={t('Buys mostly')}>
        <Select
          value={url.category}
          onChange={(e) => setUrl({ category: e.target.value })}
          options={[any, ...names.map((c) => ({ value: c, label: c }))]}
        />
      </Field>
      <Field label={t('State')}>
        <Select
          value={url.state}
          onChange={(e) => setUrl({ state: e.target.value })}
          options={[any, ...usStates.map((s) => ({ value: s, label: s }))]}
        />
      </Field>
      <Field label={t('Age')}>
        <Select
          value={url.age}
          onChange={(e) => setUrl({ age: e.target.value as CustomerUrl['age'] })}
          options={[any, ...ageStatuses.map((a) => ({ value: a, label: ageWord(a) }))]}
        />
      </Field>
      <Field label={t('Email consent')}>
        <Select
          value={url.email}
          onChange={(e) => setUrl({ email: e.target.value as CustomerUrl['email'] })}
          options={[any, ...consentStates.map((c) => ({ value: c, label: consentWord(c) }))]}
        />
      </Field>
      <Field label={t('Text consent')}>
        <Select
          value={url.sms}
          onChange={(e) => setUrl({ sms: e.target.value as CustomerUrl['sms'] })}
          options={[any, ...consentStates.map((c) => ({ value: c, label: consentWord(c) }))]}
        />
      </Field>
      <Field label={t('Tags')} hint={t('All of these, with commas')}>
        <Late value={url.tags} onChange={(tags) => setUrl({ tags })} />
      </Field>
      <Field label={t('Bought in the last … days')}>
        <Late number value={url.bought ? String(url.bought) : ''} onChange={(v) => setUrl({ bought: Number(v) })} />
      </Field>
      <Field label={t('Bought nothing for … days')}>
        <Late number value={url.quiet ? String(url.quiet) : ''} onChange={(v) => setUrl({ quiet: Number(v) })} />
      </Field>
      <Field label={t('Value from, $')}>
        <Late number value={url.clv_min ? String(url.clv_min) : ''} onChange={(v) => setUrl({ clv_min: Number(v) })} />
      </Field>
      <Field label={t('Value up to, $')}>
        <Late number value={url.clv_max ? String(url.clv_max) : ''} onChange={(v) => setUrl({ clv_max: Number(v) })} />
      </Field>
      <div className="col-span-full flex flex-wrap gap-x-6 gap-y-2">
        <Checkbox
          label={t('Night buyers only')}
          checked={url.night}
          onChange={(e) => setUrl({ night: e.target.checked })}
        />
        <Checkbox
          label={t('Deleted customers')}
          checked={url.deleted}
          onChange={(e) => setUrl({ deleted: e.target.checked })}
        />
      </div>
    </div>
  )
}

/** Counts when the field is left or Enter is pressed, so that half a number does not search. */
function Late({
  value,
  onChange,
  number = false,
  ...rest
}: {
  value: string
  onChange: (value: string) => void
  number?: boolean
}) {
  const [draft, setDraft] = useState(value)
  const [last, setLast] = useState(value)
  const hint = useId()
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
      {...rest}
      key={hint}
      value={draft}
      inputMode={number ? 'numeric' : 'text'}
      onChange={(e) => setDraft(e.target.value)}
      onBlur={commit}
      onKeyDown={(e) => e.key === 'Enter' && commit()}
    />
  )
}
