import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { api, type ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Loading, Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import { NewPasswordField, newPasswordRules } from './new-password-field.tsx'

type Link = ReplyOf<'POST /api/v1/auth/link'>

/** Who followed a link of a mail chooses a password: to join, or in place of a forgotten one. */
export function WelcomeForm({ token, onTitle }: { token: string; onTitle: (link: Link) => void }) {
  const link = useQuery({
    queryKey: ['link', token],
    queryFn: async () => {
      const found = await api('POST /api/v1/auth/link', { body: { token } })
      onTitle(found)
      return found
    },
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (link.isError)
    return (
      <div className="space-y-4">
        <Note tone="risk" title={t('This link does not open anything')}>
          {link.error.message}
        </Note>
        <Button className="w-full" onClick={toSignIn}>
          {t('To the sign-in')}
        </Button>
      </div>
    )
  if (!link.data)
    return (
      <Loading what={t('Your link')}>
        <Skeleton className="h-48" />
      </Loading>
    )
  return <ChooseForm token={token} link={link.data} />
}

/** Anew, so that nothing of the token stays in this page. */
const toSignIn = (): void => location.replace('/')

function ChooseForm({ token, link }: { token: string; link: Link }) {
  const joins = link.purpose === 'invitation'
  const form = useForm({ defaultValues: { full_name: link.full_name ?? '', password: '' } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const save = useSend('POST /api/v1/auth/password', {
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['full_name', 'password'])),
  })
  const { errors } = form.formState
  const submit = form.handleSubmit(({ full_name, password }) => {
    setRefusal(null)
    const name = full_name.trim()
    save.mutate({ body: { token, password, ...(joins && name ? { full_name: name } : {}) } })
  })
  if (save.isSuccess)
    return (
      <div className="space-y-4">
        <Note tone="good" title={joins ? t('Your account is ready') : t('Your password is changed')}>
          {joins ? t('Sign in with it now.') : t('You were signed out everywhere. Sign in with the new one.')}
        </Note>
        <Button look="primary" className="w-full" onClick={toSignIn}>
          {t('To the sign-in')}
        </Button>
      </div>
    )
  return (
    <form onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
      {refusal && <Note tone="risk" title={refusal} />}
      <Field label={t('Email')}>
        <Input type="email" autoComplete="username" value={link.email} readOnly />
      </Field>
      {joins && (
        <Field label={t('Your name')} error={errors.full_name?.message}>
          <Input autoComplete="name" maxLength={200} {...form.register('full_name')} />
        </Field>
      )}
      <NewPasswordField
        label={t('New password')}
        error={errors.password?.message}
        {...form.register('password', newPasswordRules)}
      />
      <Button type="submit" look="primary" busy={save.isPending} className="w-full">
        {joins ? t('Join') : t('Save the new password')}
      </Button>
    </form>
  )
}
