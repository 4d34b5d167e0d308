import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'

/** A new password for one's own account; other browsers are signed out. */
export function PasswordForm({ email }: { email: string }) {
  const form = useForm({ defaultValues: { current_password: '', new_password: '' } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const save = useSend('PATCH /api/v1/users/me', {
    refresh: ['GET /api/v1/users/me/sessions'],
    onDone: () => {
      form.reset()
      toast(t('Password changed. Other browsers are signed out.'))
    },
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['current_password', 'new_password'])),
  })
  const { errors } = form.formState
  const submit = form.handleSubmit((body) => {
    setRefusal(null)
    save.mutate({ body })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
      {refusal && <Note tone="risk" title={refusal} />}
      <input type="email" autoComplete="username" value={email} readOnly hidden />
      <Field label={t('Present password')} error={errors.current_password?.message}>
        <Input
          type="password"
          autoComplete="current-password"
          {...form.register('current_password', { required: t('Write your present password.') })}
        />
      </Field>
      <Field label={t('New password')} hint={t('At least 12 characters.')} error={errors.new_password?.message}>
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register('new_password', {
            required: t('Choose a new password.'),
            minLength: { value: 12, message: t('Use at least 12 characters.') },
          })}
        />
      </Field>
      <Button type="submit" busy={save.isPending}>
        {t('Change password')}
      </Button>
    </form>
  )
}
