import type { ComponentProps } from 'react'
import { t } from '../../lib/i18n.ts'
import { Field, Input } from '../../ui/field.tsx'

/** What the server asks of a new password, said before it is sent. */
export const newPasswordRules = {
  required: t('Choose a password.'),
  minLength: { value: 12, message: t('Use at least 12 characters.') },
}

/** Where somebody chooses a password: `<NewPasswordField {...form.register('password', newPasswordRules)} />`. */
export function NewPasswordField({
  label,
  error,
  ...rest
}: Omit<ComponentProps<'input'>, 'type'> & { label: string; error: string | undefined }) {
  return (
    <Field
      label={label}
      hint={t('At least 12 characters. A sentence you remember is better than signs you do not.')}
      error={error}
      required
    >
      <Input type="password" autoComplete="new-password" {...rest} />
    </Field>
  )
}
