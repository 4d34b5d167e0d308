import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { beginSession } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { NewPasswordField, newPasswordRules } from './new-password-field.tsx'

/** The first admin of a new shop; signs in at once. */
export function FirstRunForm() {
  const form = useForm({ defaultValues: { full_name: '', email: '', password: '' } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const refuse = (error: unknown): void =>
    setRefusal(showRefusal(error, form.setError, ['full_name', 'email', 'password']))
  const register = useSend('POST /api/v1/auth/register', {
    onError: refuse,
    onDone: () => {
      const { email, password } = form.getValues()
      api('POST /api/v1/auth/login', { body: { email, password } }).then(beginSession, refuse)
    },
  })
  const { errors } = form.formState
  const submit = form.handleSubmit(({ full_name, email, password }) => {
    setRefusal(null)
    register.mutate({ body: { email, password, ...(full_name.trim() ? { full_name: full_name.trim() } : {}) } })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
      {refusal && <Note tone="risk" title={refusal} />}
      <Field label={t('Your name')}>
        <Input autoComplete="name" {...form.register('full_name')} />
      </Field>
      <Field label={t('Email')} error={errors.email?.message} required>
        <Input
          type="email"
          autoComplete="username"
          inputMode="email"
          autoCapitalize="none"
          spellCheck={false}
          {...form.register('email', { required: t('Write your email address.') })}
        />
      </Field>
      <NewPasswordField
        label={t('Password')}
        error={errors.password?.message}
        {...form.register('password', newPasswordRules)}
      />
      <Button type="submit" look="primary" busy={register.isPending || register.isSuccess} className="w-full">
        {t('Create the first admin')}
      </Button>
    </form>
  )
}
