import { useState } from 'react'
import { useForm } from 'react-hook-form'
import type { ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useSession } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'

type Confirmed =
  | 'POST /api/v1/users/me/recovery-codes'
  | 'POST /api/v1/users/me/second-factor'
  | 'POST /api/v1/users/me/second-factor/remove'

/** Asks for the password again before something that only the owner of the account may do. */
export function PasswordDialog<E extends Confirmed>({
  endpoint,
  title,
  description,
  action,
  onClose,
  onDone,
}: {
  endpoint: E
  title: string
  description: string
  action: string
  onClose: () => void
  onDone: (reply: ReplyOf<E>) => void
}) {
  const email = useSession((s) => s.user?.email ?? '')
  const form = useForm({ defaultValues: { password: '' } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const send = useSend<Confirmed>(endpoint, {
    onDone: (reply) => onDone(reply as ReplyOf<E>),
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['password'])),
  })
  const submit = form.handleSubmit((body) => {
    setRefusal(null)
    send.mutate({ body })
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={description}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="confirm-password" type="submit" busy={send.isPending}>
            {action}
          </Button>
        </>
      }
    >
      <form id="confirm-password" onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
        {refusal && <Note tone="risk" title={refusal} />}
        <input type="email" autoComplete="username" value={email} readOnly hidden />
        <Field label={t('Your password')} error={form.formState.errors.password?.message}>
          <Input
            type="password"
            autoComplete="current-password"
            {...form.register('password', { required: t('Write your password.') })}
          />
        </Field>
      </form>
    </Dialog>
  )
}
