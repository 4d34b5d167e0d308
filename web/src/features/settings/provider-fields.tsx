import type { FieldErrors, UseFormRegister } from 'react-hook-form'
import { t } from '../../lib/i18n.ts'
import { TextButton } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '../../ui/field.tsx'
import type { KindField } from './channel-words.ts'

export interface ProviderDraft {
  name: string
  weight: string
  rate_per_minute: string
  slots: string
  is_active: boolean
  config: Record<string, string | boolean>
  secrets: Record<string, string>
}

/** Draws the fields of a provider's configuration as its schema describes them. */
export function ProviderFields({
  fields,
  stored,
  removed,
  onRemove,
  register,
  errors,
}: {
  fields: readonly KindField[]
  /** which secrets the server has */
  stored: Record<string, boolean>
  removed: ReadonlySet<string>
  onRemove: (name: string) => void
  register: UseFormRegister<ProviderDraft>
  errors: FieldErrors<ProviderDraft>
}) {
  return fields.map((f) => {
    const isStored = stored[f.name] === true && !removed.has(f.name)
    const error = (f.is_secret ? errors.secrets : errors.config)?.[f.name]?.message
    const rules = {
      validate: (value: string | boolean | undefined) =>
        !f.is_required || isStored || (typeof value === 'string' ? value.trim() !== '' : true) || t('Needed.'),
    }
    const input = f.is_secret ? register(`secrets.${f.name}`, rules) : register(`config.${f.name}`, rules)
    const wide = f.type === 'multiline' || f.type === 'choice' || (f.hint?.length ?? 0) > 70
    if (f.type === 'yes_no')
      return <Checkbox key={f.name} label={t(f.label)} {...(f.hint ? { hint: t(f.hint) } : {})} {...input} />
    return (
      <Field
        key={f.name}
        label={t(f.label)}
        required={f.is_required}
        error={error}
        className={wide ? 'sm:col-span-2' : ''}
        hint={
          <>
            {f.hint && `${t(f.hint)} `}
            {isStored && t('One is stored. Empty: it stays.')}
            {isStored && !f.is_required && (
              <>
                {' '}
                <TextButton onClick={() => onRemove(f.name)}>{t('Remove it')}</TextButton>
              </>
            )}
            {f.is_secret && !isStored && !f.hint && t('Stored encrypted, never shown again.')}
          </>
        }
      >
        {f.type === 'choice' ? (
          <Select {...input} options={f.options.map((o) => ({ value: o.value, label: t(o.label) }))} />
        ) : f.type === 'multiline' ? (
          <Textarea spellCheck={false} autoComplete="off" className="font-mono text-xs" {...input} />
        ) : (
          <Input
            type={f.type === 'secret' ? 'password' : 'text'}
            inputMode={f.type === 'number' ? 'numeric' : undefined}
            autoComplete={f.type === 'secret' ? 'new-password' : 'off'}
            autoCapitalize="none"
            spellCheck={false}
            placeholder={f.placeholder ?? undefined}
            {...input}
          />
        )}
      </Field>
    )
  })
}
