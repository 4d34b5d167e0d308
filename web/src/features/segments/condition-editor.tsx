import { X } from 'lucide-react'
import { fieldNames, fieldOf } from '#core/segments/fields.ts'
import type { Condition } from '#core/segments/rule.ts'
import { t } from '../../lib/i18n.ts'
import { IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { FieldTestEditor } from './field-test-editor.tsx'
import { MessageEditor, OrderEditor } from './behaviour-editor.tsx'
import { freshCondition, subjectOf } from './rule-draft.ts'

const subjects = [
  { value: 'orders', label: t('Orders: how many, how much') },
  { value: 'last_order', label: t('First or last order') },
  { value: 'messages', label: t('Messages: opened, clicked') },
  ...fieldNames.map((name) => {
    const { group, label } = fieldOf(name)
    return { value: name, label: `${t(group)}: ${t(label)}` }
  }),
]

/** One condition: what it looks at, and how it is asked. */
export function ConditionEditor({
  condition,
  onChange,
  onRemove,
}: {
  condition: Condition
  onChange: (condition: Condition) => void
  onRemove: () => void
}) {
  return (
    <div className="flex items-start gap-2 rounded-md border border-line bg-surface p-2">
      <div className="flex min-w-0 flex-1 flex-wrap items-center gap-2">
        <Select
          label={t('What')}
          className="w-60 max-w-full"
          value={subjectOf(condition)}
          onChange={(e) => onChange(freshCondition(e.target.value))}
          options={subjects}
        />
        {'orders' in condition ? (
          <OrderEditor condition={condition} onChange={onChange} />
        ) : 'messages' in condition ? (
          <MessageEditor condition={condition} onChange={onChange} />
        ) : (
          <FieldTestEditor condition={condition} onChange={onChange} />
        )}
      </div>
      <IconButton icon={X} label={t('Remove the condition')} onClick={onRemove} />
    </div>
  )
}
