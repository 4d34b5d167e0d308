import { useState } from 'react'
import { useForm } from 'react-hook-form'
import type { User } from '#contract/accounts.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useSession } from '../../lib/session.ts'
import { setTheme, useLook } from '../../lib/theme.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'

const roles = { admin: 'Admin', manager: 'Manager', user: 'User' } as const

export default function ProfilePage() {
  const user = useSession((s) => s.user)
  const theme = useLook((s) => s.theme)
  if (!user) return null
  return (
    <Page title={t('Your profile')} narrow>
      <div className="space-y-5">
        <Panel title={t('You')}>
          <Facts
            className="mb-4"
            items={[
              [t('Email'), user.email],
              [t('Role'), t(roles[user.role])],
            ]}
          />
          <NameForm user={user} />
        </Panel>
        <Panel title={t('Password')}>
          <PasswordForm email={user.email} />
        </Panel>
        <Panel title={t('This browser')}>
          <Field label={t('Theme')} className="max-w-60">
            <Select
              value={theme}
              onChange={(e) => setTheme(e.target.value as typeof theme)}
              options={[
                { value: 'system', label: t('As the system') },
                { value: 'light', label: t('Light') },
                { value: 'dark', label: t('Dark') },
              ]}
            />
          </Field>
        </Panel>
      </div>
    </Page>
  )
}

function NameForm({ user }: { user: User }) {
  const form = useForm({ defaultValues: { full_name: user.full_name ?? '' } })
  const save = useSend('PATCH /api/v1/users/me', {
    onDone: (changed) => {
      useSession.setState({ user: changed })
      form.reset({ full_name: changed.full_name ?? '' })
      toast(t('Name saved'))
    },
  })
  const submit = form.handleSubmit(({ full_name }) => save.mutate({ body: { full_name: full_name.trim() || null } }))
  return (
    <form onSubmit={(e) => void submit(e)} className="flex flex-wrap items-end gap-2">
      <Field label={t('Name')} className="min-w-0 flex-1 basis-52">
        <Input autoComplete="name" maxLength={200} {...form.register('full_name')} />
      </Field>
      <Button type="submit" busy={save.isPending} disabled={!form.formState.isDirty}>
        {t('Save name')}
      </Button>
    </form>
  )
}

function PasswordForm({ email }: { email: string }) {
  const form = useForm({ defaultValues: { current_password: '', new_password: '' } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const save = useSend('PATCH /api/v1/users/me', {
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
