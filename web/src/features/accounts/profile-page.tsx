import { useForm } from 'react-hook-form'
import type { User } from '#contract/accounts.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useSession } from '../../lib/session.ts'
import { setTheme, useLook } from '../../lib/theme.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { Facts, Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { PasswordForm } from './password-form.tsx'
import { SecondFactorPanel } from './second-factor-panel.tsx'
import { SessionsPanel } from './sessions-panel.tsx'

const roles = { admin: 'Admin', manager: 'Manager', user: 'User' } as const

export default function ProfilePage() {
  const user = useSession((s) => s.user)
  const theme = useLook((s) => s.theme)
  if (!user) return null
  return (
    <Page title={t('Your account')} narrow>
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
        <SecondFactorPanel isOn={user.has_second_factor} />
        <SessionsPanel />
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
