import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { ApiError } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useSend } from '../../lib/query.ts'
import { beginSession } from '../../lib/session.ts'
import { Button, TextButton } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'

/** Email and password, as password managers expect them. */
export function SignInForm({
  email = '',
  demo,
  onForgotten,
}: {
  email?: string
  demo?: { email: string; password: string } | null
  /** who forgot the password, with the address written so far */
  onForgotten?: (email: string) => void
}) {
  const form = useForm({ defaultValues: { email, password: '', code: '' } })
  const [asksCode, setAsksCode] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const login = useSend('POST /api/v1/auth/login', {
    onDone: (session) => {
      beginSession(session)
      // What the page below could not load while nobody was signed in.
      void refresh()
    },
    onError: (error) => {
      if (error instanceof ApiError && error.code === 'auth.second_factor') {
        setAsksCode(true)
        setTimeout(() => form.setFocus('code'))
      } else setRefusal(showRefusal(error, form.setError, ['email', 'password', 'code']))
    },
  })
  const { errors } = form.formState
  const submit = form.handleSubmit(({ code, ...body }) => {
    setRefusal(null)
    login.mutate({ body: asksCode ? { ...body, code } : body })
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
      {refusal && <Note tone="risk" title={refusal} />}
      <Field label={t('Email')} error={errors.email?.message}>
        <Input
          type="email"
          autoComplete="username"
          inputMode="email"
          autoCapitalize="none"
          spellCheck={false}
          {...form.register('email', { required: t('Write your email address.') })}
        />
      </Field>
      <Field label={t('Password')} error={errors.password?.message}>
        <Input
          type="password"
          autoComplete="current-password"
          {...form.register('password', { required: t('Write your password.') })}
        />
      </Field>
      {asksCode && (
        <Field
          label={t('Code of your app')}
          hint={t('Six digits, or one of your recovery codes.')}
          error={errors.code?.message}
        >
          <Input
            autoComplete="one-time-code"
            maxLength={20}
            className="font-mono tracking-widest"
            {...form.register('code', {
              required: t('Write the code.'),
              minLength: { value: 6, message: t('The code has at least six signs.') },
            })}
          />
        </Field>
      )}
      <Button type="submit" look="primary" busy={login.isPending} className="w-full">
        {login.isPending ? t('Signing in') : t('Sign in')}
      </Button>
      {onForgotten && (
        <p className="text-center text-sm">
          <TextButton onClick={() => onForgotten(form.getValues('email'))}>{t('Forgot your password?')}</TextButton>
        </p>
      )}
      {demo && (
        <div className="rounded-md bg-sunken p-3 text-sm">
          <p className="font-medium">{t('This shop holds demo data.')}</p>
          <p className="text-ink-2 [overflow-wrap:anywhere]">
            {demo.email} / {demo.password}
          </p>
          <Button size="sm" className="mt-2" disabled={login.isPending} onClick={() => login.mutate({ body: demo })}>
            {t('Sign in to the demo')}
          </Button>
        </div>
      )}
    </form>
  )
}
