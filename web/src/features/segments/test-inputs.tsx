import { useState } from 'react'
import type { InstantTest, NumberTest, Period } from '#core/segments/rule.ts'
import { t } from '../../lib/i18n.ts'
import { Input, Select } from '../../ui/field.tsx'
import { wordsOf } from './rule-draft.ts'

/** A figure; `cents` shows and takes whole currency. */
export function NumberInput({
  label,
  value,
  onChange,
  cents = false,
}: {
  label: string
  value: number
  onChange: (n: number) => void
  cents?: boolean
}) {
  return (
    <Input
      type="number"
      step="any"
      aria-label={label}
      className="w-24!"
      value={Number.isNaN(value) ? '' : cents ? value / 100 : value}
      onChange={(e) => onChange(cents ? Math.round(e.target.valueAsNumber * 100) : e.target.valueAsNumber)}
    />
  )
}

const comparisons = {
  at_least: t('at least'),
  at_most: t('at most'),
  more_than: t('more than'),
  less_than: t('less than'),
  equals: t('exactly'),
  between: t('between'),
}

export function NumberTestInput({
  test,
  onChange,
  cents = false,
  extra = {},
}: {
  test: NumberTest
  onChange: (test: NumberTest | { op: 'set' | 'unset' }) => void
  cents?: boolean
  extra?: Record<string, string>
}) {
  const first = test.op === 'between' ? test.from : test.value
  const choose = (op: string): void => {
    if (op === 'set' || op === 'unset') onChange({ op })
    else if (op === 'between') onChange({ op, from: first, to: first })
    else onChange({ op: op as Exclude<NumberTest['op'], 'between'>, value: first })
  }
  return (
    <>
      <Choice label={t('Comparison')} value={test.op} choices={{ ...comparisons, ...extra }} onChange={choose} />
      {test.op === 'between' ? (
        <>
          <NumberInput
            label={t('From')}
            cents={cents}
            value={test.from}
            onChange={(from) => onChange({ ...test, from })}
          />
          <span>{t('and')}</span>
          <NumberInput label={t('To')} cents={cents} value={test.to} onChange={(to) => onChange({ ...test, to })} />
        </>
      ) : (
        <NumberInput
          label={t('Figure')}
          cents={cents}
          value={test.value}
          onChange={(value) => onChange({ ...test, value })}
        />
      )}
    </>
  )
}

const instants = {
  in_last: t('in the last … days'),
  before_last: t('more than … days ago'),
  in_next: t('in the next … days'),
  on_or_after: t('on or after'),
  on_or_before: t('on or before'),
  between: t('between'),
}

export function InstantTestInput({
  test,
  onChange,
  extra = {},
}: {
  test: InstantTest
  onChange: (test: InstantTest | { op: 'set' | 'unset' }) => void
  extra?: Record<string, string>
}) {
  const choose = (op: string): void => {
    const day = today()
    if (op === 'set' || op === 'unset') onChange({ op })
    else if (op === 'between') onChange({ op, from: day, to: day })
    else if (op === 'on_or_after' || op === 'on_or_before') onChange({ op, day })
    else onChange({ op: op as 'in_last', days: 'days' in test ? test.days : 30 })
  }
  return (
    <>
      <Choice label={t('When')} value={test.op} choices={{ ...instants, ...extra }} onChange={choose} />
      {'days' in test && (
        <NumberInput label={t('Days')} value={test.days} onChange={(days) => onChange({ ...test, days })} />
      )}
      {'day' in test && <DayInput label={t('Day')} value={test.day} onChange={(day) => onChange({ ...test, day })} />}
      {'from' in test && (
        <>
          <DayInput label={t('From')} value={test.from} onChange={(from) => onChange({ ...test, from })} />
          <DayInput label={t('To')} value={test.to} onChange={(to) => onChange({ ...test, to })} />
        </>
      )}
    </>
  )
}

export function PeriodInput({
  period,
  onChange,
}: {
  period: Period | undefined
  onChange: (p: Period | undefined) => void
}) {
  const kind = !period ? 'ever' : 'last_days' in period ? 'last' : 'from_days_ago' in period ? 'ago' : 'days'
  const choose = (next: string): void => {
    if (next === 'ever') onChange(undefined)
    else if (next === 'last') onChange({ last_days: 90 })
    else if (next === 'ago') onChange({ from_days_ago: 60, to_days_ago: 30 })
    else onChange({ from: today(), to: today() })
  }
  return (
    <>
      <Choice
        label={t('In which time')}
        value={kind}
        choices={{
          last: t('in the last … days'),
          ago: t('from … to … days ago'),
          days: t('between two days'),
          ever: t('ever'),
        }}
        onChange={choose}
      />
      {period && 'last_days' in period && (
        <NumberInput label={t('Days')} value={period.last_days} onChange={(last_days) => onChange({ last_days })} />
      )}
      {period && 'from_days_ago' in period && (
        <>
          <NumberInput
            label={t('From, days ago')}
            value={period.from_days_ago}
            onChange={(n) => onChange({ ...period, from_days_ago: n })}
          />
          <NumberInput
            label={t('To, days ago')}
            value={period.to_days_ago}
            onChange={(n) => onChange({ ...period, to_days_ago: n })}
          />
        </>
      )}
      {period && 'from' in period && (
        <>
          <DayInput label={t('From')} value={period.from} onChange={(from) => onChange({ ...period, from })} />
          <DayInput label={t('To')} value={period.to} onChange={(to) => onChange({ ...period, to })} />
        </>
      )}
    </>
  )
}

function DayInput({ label, value, onChange }: { label: string; value: string; onChange: (day: string) => void }) {
  return (
    <Input type="date" aria-label={label} className="w-38!" value={value} onChange={(e) => onChange(e.target.value)} />
  )
}

/** Words separated by commas; what is typed stays as typed. */
export function WordsInput({
  label,
  value,
  onChange,
  placeholder,
}: {
  label: string
  value: readonly string[]
  onChange: (words: string[]) => void
  placeholder?: string
}) {
  const [typed, setTyped] = useState(value.join(', '))
  return (
    <Input
      aria-label={label}
      placeholder={placeholder ?? label}
      className="w-52!"
      value={typed}
      onChange={(e) => {
        setTyped(e.target.value)
        onChange(wordsOf(e.target.value))
      }}
    />
  )
}

export function Choice({
  label,
  value,
  choices,
  onChange,
}: {
  label: string
  value: string
  choices: Record<string, string>
  onChange: (value: string) => void
}) {
  return (
    <Select
      label={label}
      className="w-auto max-w-full"
      value={value}
      onChange={(e) => onChange(e.target.value)}
      options={Object.entries(choices).map(([v, l]) => ({ value: v, label: l }))}
    />
  )
}

const today = (): string => new Date().toISOString().slice(0, 10)
