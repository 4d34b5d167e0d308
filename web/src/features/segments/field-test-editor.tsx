import { fieldOf } from '#core/segments/fields.ts'
import { playbooks } from '#core/scoring/playbooks.ts'
import type { FieldCondition, InstantTest, NumberTest } from '#core/segments/rule.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Checkbox, Input } from '../../ui/field.tsx'
import { freshCondition } from './rule-draft.ts'
import { Choice, InstantTestInput, NumberInput, NumberTestInput, WordsInput } from './test-inputs.tsx'

const known = { set: t('is known'), unset: t('is not known') }

/** The question to one field, by the type of the field. */
export function FieldTestEditor({
  condition,
  onChange,
}: {
  condition: FieldCondition
  onChange: (condition: FieldCondition) => void
}) {
  const { field } = condition
  const { type } = fieldOf(field)
  const put = (test: object): void => onChange({ field, ...test } as FieldCondition)
  if (condition.op === 'set' || condition.op === 'unset')
    return (
      <Choice
        label={t('Question')}
        value={condition.op}
        choices={{ ...known, ask: t('ask for a value') }}
        onChange={(op) => (op === 'ask' ? onChange(freshCondition(field) as FieldCondition) : put({ op }))}
      />
    )
  switch (type) {
    case 'number':
    case 'money':
      return <NumberTestInput test={condition as NumberTest} cents={type === 'money'} extra={known} onChange={put} />
    case 'instant':
      return <InstantTestInput test={condition as InstantTest} extra={known} onChange={put} />
    case 'birthday':
      return 'days' in condition ? (
        <>
          <span>{t('within the next')}</span>
          <NumberInput label={t('Days')} value={condition.days} onChange={(days) => put({ op: 'in_next', days })} />
          <span>{t('days')}</span>
        </>
      ) : null
    case 'flag':
      return (
        <Choice
          label={t('Answer')}
          value={'value' in condition && condition.value === true ? 'yes' : 'no'}
          choices={{ yes: t('yes'), no: t('no') }}
          onChange={(v) => put({ op: 'is', value: v === 'yes' })}
        />
      )
    case 'list':
      return (
        <>
          <Choice
            label={t('Question')}
            value={condition.op}
            choices={{
              has_any: t('include any of'),
              has_all: t('include all of'),
              has_none: t('include none of'),
              ...known,
            }}
            onChange={(op) => put(op in known ? { op } : { ...condition, op })}
          />
          <WordsInput
            label={t('Values, separated by commas')}
            value={listOf(condition)}
            onChange={(value) => put({ op: condition.op, value })}
          />
        </>
      )
    case 'choice':
      return (
        <>
          <Choice
            label={t('Question')}
            value={condition.op}
            choices={{ is: t('is'), is_not: t('is not'), ...known }}
            onChange={(op) => put(op in known ? { op } : { ...condition, op })}
          />
          <ChoiceValues condition={condition} onChange={(value) => put({ op: condition.op, value })} />
        </>
      )
    default:
      return (
        <>
          <Choice
            label={t('Question')}
            value={condition.op}
            choices={{
              is: t('is'),
              is_not: t('is not'),
              contains: t('contains'),
              starts_with: t('begins with'),
              ...known,
            }}
            onChange={(op) => {
              const words = listOf(condition)
              put(op in known ? { op } : { op, value: op === 'is' || op === 'is_not' ? words : (words[0] ?? '') })
            }}
          />
          {condition.op === 'is' || condition.op === 'is_not' ? (
            <WordsInput
              label={t('Values, separated by commas')}
              value={listOf(condition)}
              onChange={(value) => put({ op: condition.op, value })}
            />
          ) : (
            <Input
              aria-label={t('Text')}
              className="w-52!"
              value={listOf(condition)[0] ?? ''}
              onChange={(e) => put({ op: condition.op, value: e.target.value })}
            />
          )}
        </>
      )
  }
}

function ChoiceValues({ condition, onChange }: { condition: FieldCondition; onChange: (value: string[]) => void }) {
  const { choices, lookup } = fieldOf(condition.field)
  const stores = useApi('GET /api/v1/stores', undefined, { enabled: lookup === 'store', staleMs: 300_000 })
  const options =
    choices ??
    (lookup === 'store'
      ? Object.fromEntries((stores.data?.data ?? []).map((s) => [s.id, s.name]))
      : lookup === 'rfm_segment'
        ? Object.fromEntries(Object.entries(playbooks).map(([key, p]) => [key, p.name]))
        : null)
  const chosen = listOf(condition)
  if (!options) return <WordsInput label={t('Values, separated by commas')} value={chosen} onChange={onChange} />
  return (
    <span className="flex flex-wrap gap-x-4 gap-y-1">
      {Object.entries(options).map(([value, label]) => (
        <Checkbox
          key={value}
          label={t(label)}
          checked={chosen.includes(value)}
          onChange={(e) => onChange(e.target.checked ? [...chosen, value] : chosen.filter((v) => v !== value))}
        />
      ))}
    </span>
  )
}

function listOf(condition: FieldCondition): string[] {
  if (!('value' in condition)) return []
  const { value } = condition
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'string' && value !== '' ? [value] : []
}
