import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button, TextButton } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'

/** Asks for a link to a new password. The answer is the same whether the address has an account or not. */
export function ForgotForm({ email, onBack }: { email: string; onBack: () => void }) {
  const form = useForm({ defaultValues: { email } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const ask = useSend('POST /api/v1/auth/forgot', {
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['email'])),
  })
  const submit = form.handleSubmit((body) => {
    setRefusal(null)
    ask.mutate({ body })
  })
  if (ask.isSuccess)
    return (
      <div className="space-y-4">
        <Note tone="good" title={t('Look into your mailbox')}>
          {t('If {email} has an account here, a link to a new password is on its way. It is good for an hour.', {
            email: form.getValues('email'),
          })}
        </Note>
        <Button className="w-full" onClick={onBack}>
          {t('Back to the sign-in')}
        </Button>
      </div>
    )
  return (
    <form onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
      {refusal && <Note tone="risk" title={refusal} />}
      <Field label={t('Email')} error={form.formState.errors.email?.message}>
        <Input
          type="email"
          autoComplete="username"
          inputMode="email"
          autoCapitalize="none"
          spellCheck={false}
          {...form.register('email', { required: t('Write your email address.') })}
        />
      </Field>
      <Button type="submit" look="primary" busy={ask.isPending} className="w-full">
        {t('Mail me a link')}
      </Button>
      <p className="text-center text-sm">
        <TextButton onClick={onBack}>{t('Back to the sign-in')}</TextButton>
      </p>
    </form>
  )
}
