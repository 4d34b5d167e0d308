import { Plus, X } from 'lucide-react'
import type { Rule } from '#core/segments/rule.ts'
import { partsOf } from '#core/segments/rule-shape.ts'
import { cx } from '../../lib/cx.ts'
import { t } from '../../lib/i18n.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { ConditionEditor } from './condition-editor.tsx'
import { freshCondition, groupOf, type GroupKind } from './rule-draft.ts'

/** Conditions that must all hold, any of them, or none; a group inside a group is one step to the right. */
export function GroupEditor({
  rule,
  onChange,
  onRemove,
  depth = 0,
}: {
  rule: Rule
  onChange: (rule: Rule) => void
  onRemove?: () => void
  depth?: number
}) {
  const group = partsOf(rule)
  if (!group) return null
  const { kind, parts } = group
  const put = (next: Rule[], as: GroupKind = kind): void => onChange(groupOf(as, next))
  const replace = (i: number, part: Rule): void => put(parts.map((p, k) => (k === i ? part : p)))
  const drop = (i: number): void => put(parts.filter((_, k) => k !== i))
  return (
    <fieldset className={cx('min-w-0 space-y-3', depth > 0 && 'rounded-md border-l-3 border-shelf bg-sunken/40 p-3')}>
      <legend className="sr-only">{t('Conditions')}</legend>
      <div className="flex items-center gap-2">
        <Select
          label={t('How the conditions belong together')}
          className="w-56"
          value={kind}
          onChange={(e) => put(parts, e.target.value as GroupKind)}
          options={[
            { value: 'all', label: t('All of these hold') },
            { value: 'any', label: t('At least one holds') },
            { value: 'not', label: t('None of these holds') },
          ]}
        />
        {onRemove && <IconButton icon={X} label={t('Remove the group')} onClick={onRemove} />}
      </div>
      {parts.map((part, i) =>
        partsOf(part) ? (
          <GroupEditor
            // Parts have no name of their own; their place is it.
            // oxlint-disable-next-line react/no-array-index-key
            key={i}
            rule={part}
            depth={depth + 1}
            onChange={(next) => replace(i, next)}
            onRemove={() => drop(i)}
          />
        ) : (
          <ConditionEditor
            // oxlint-disable-next-line react/no-array-index-key
            key={i}
            condition={part as Exclude<Rule, { all: Rule[] } | { any: Rule[] } | { not: Rule[] }>}
            onChange={(next) => replace(i, next)}
            onRemove={() => drop(i)}
          />
        ),
      )}
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => put([...parts, freshCondition('orders')])}>
          <Plus aria-hidden />
          {t('Add a condition')}
        </Button>
        {depth < 2 && (
          <Button onClick={() => put([...parts, { any: [freshCondition('state')] }])}>
            <Plus aria-hidden />
            {t('Add a group')}
          </Button>
        )}
      </div>
    </fieldset>
  )
}
