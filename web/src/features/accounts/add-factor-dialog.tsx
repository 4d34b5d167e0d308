import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { renderSVG } from 'uqr'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { PasswordDialog } from './password-dialog.tsx'

interface Props {
  onClose: () => void
  onDone: (recoveryCodes: string[]) => void
}

/** Password, then the picture for the app, then its first code. */
export default function AddFactorDialog({ onClose, onDone }: Props) {
  const [secret, setSecret] = useState<{ secret: string; uri: string } | null>(null)
  if (secret) return <Scan {...secret} onClose={onClose} onDone={onDone} />
  return (
    <PasswordDialog
      endpoint="POST /api/v1/users/me/second-factor"
      title={t('Add a second factor')}
      description={t('You need an authenticator app on your phone. First your password.')}
      action={t('Go on')}
      onClose={onClose}
      onDone={setSecret}
    />
  )
}

function Scan({ secret, uri, onClose, onDone }: { secret: string; uri: string } & Props) {
  const form = useForm({ defaultValues: { code: '' } })
  const [refusal, setRefusal] = useState<string | null>(null)
  const confirm = useSend('POST /api/v1/users/me/second-factor/confirm', {
    onDone: ({ recovery_codes }) => onDone(recovery_codes),
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['code'])),
  })
  const submit = form.handleSubmit(({ code }) => {
    setRefusal(null)
    confirm.mutate({ body: { code: code.replace(/\s/g, '') } })
  })
  const picture = `data:image/svg+xml,${encodeURIComponent(renderSVG(uri, { border: 2 }))}`
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Add a second factor')}
      description={t('Scan the picture with the app, then write the six digits it shows.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="first-code" type="submit" busy={confirm.isPending}>
            {t('Switch it on')}
          </Button>
        </>
      }
    >
      <form id="first-code" onSubmit={(e) => void submit(e)} noValidate className="space-y-4">
        {refusal && <Note tone="risk" title={refusal} />}
        {/* White in the dark as well: cameras read nothing else. */}
        <img src={picture} alt={t('QR code of the secret below')} className="mx-auto size-48 rounded-md bg-white" />
        <CopyField label={t('Or write this secret into the app')} value={secret} />
        <Field label={t('Code of the app')} error={form.formState.errors.code?.message}>
          <Input
            inputMode="numeric"
            autoComplete="one-time-code"
            maxLength={7}
            className="font-mono tracking-widest"
            {...form.register('code', {
              required: t('Write the six digits.'),
              pattern: { value: /^\s*\d{3}\s?\d{3}\s*$/, message: t('The app shows six digits.') },
            })}
          />
        </Field>
      </form>
    </Dialog>
  )
}
