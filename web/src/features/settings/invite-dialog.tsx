import { useState } from 'react'
import { useForm, useWatch } from 'react-hook-form'
import type { ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceCard } from '../../ui/choice-card.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'

export type Invitation = ReplyOf<'POST /api/v1/users'>

const roles = [
  ['user', 'User', 'Looks at everything, sees no address, starts nothing.'],
  ['manager', 'Manager', 'Plans, starts and stops campaigns, sees customers with their addresses.'],
  ['admin', 'Admin', 'Everything, with people, keys, channels and rules.'],
] as const

/** Email, name and role of somebody new. */
export function InviteDialog({ onClose, onDone }: { onClose: () => void; onDone: (made: Invitation) => void }) {
  const form = useForm({ defaultValues: { email: '', full_name: '', role: 'user' as 'user' | 'manager' | 'admin' } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const invite = useSend('POST /api/v1/users', {
    refresh: ['GET /api/v1/users'],
    onDone,
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['email', 'full_name'])),
  })
  const { errors } = form.formState
  const role = useWatch({ control: form.control, name: 'role' })
  const submit = form.handleSubmit(({ email, full_name, role: chosen }) => {
    setRefusal(null)
    invite.mutate({ body: { email, full_name: full_name.trim() || null, role: chosen } })
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Invite somebody')}
      description={t('They get a link by mail and choose their own password.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="invite" type="submit" busy={invite.isPending}>
            {t('Invite')}
          </Button>
        </>
      }
    >
      <form id="invite" onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
        {refusal && <Note tone="risk" title={refusal} />}
        <Field label={t('Email')} required error={errors.email?.message}>
          <Input
            type="email"
            inputMode="email"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            {...form.register('email', { required: t('Write their email address.') })}
          />
        </Field>
        <Field label={t('Name')} error={errors.full_name?.message}>
          <Input autoComplete="off" maxLength={200} {...form.register('full_name')} />
        </Field>
        <fieldset>
          <legend className="mb-1 font-medium">{t('Role')}</legend>
          <div className="space-y-2">
            {roles.map(([value, title, detail]) => (
              <ChoiceCard
                key={value}
                name="role"
                value={value}
                chosen={role}
                onChoose={(v) => form.setValue('role', v)}
                label={t(title)}
              >
                {t(detail)}
              </ChoiceCard>
            ))}
          </div>
        </fieldset>
      </form>
    </Dialog>
  )
}

/** The link of an invitation, for shops whose mail does not leave the house. */
export function LinkDialog({ person, url, is_mailed, expires_at, onClose }: Invitation & { onClose: () => void }) {
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('{name} is invited', { name: person.full_name ?? person.email })}
      footer={
        <Button look="primary" onClick={onClose}>
          {t('Done')}
        </Button>
      }
    >
      <div className="space-y-4">
        {is_mailed ? (
          <Note tone="good" title={t('The mail is on its way to {email}', { email: person.email })}>
            {t('You can also hand the link over yourself.')}
          </Note>
        ) : (
          <Note tone="warn" title={t('The mail could not be sent')}>
            {t('Hand the link over yourself, on a way that only they read.')}
          </Note>
        )}
        <CopyField label={t('Link')} value={url} />
        <p className="text-sm text-ink-2">
          {t('Good once, until')} <Time at={expires_at} />.
        </p>
      </div>
    </Dialog>
  )
}
