import { useState } from 'react'
import { api } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { refresh } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { customerName, type Customer } from './customer-words.ts'

/** Puts one customer on the do-not-contact list. What the customer said themselves belongs under Consents instead. */
export default function SuppressDialog({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const channels = [
    ...(customer.email && customer.phone ? [{ value: 'all', label: t('Email and texts') }] : []),
    ...(customer.email ? [{ value: 'email', label: t('Email') }] : []),
    ...(customer.phone ? [{ value: 'sms', label: t('Texts') }] : []),
  ]
  const [channel, setChannel] = useState(channels[0]?.value ?? 'all')
  const [note, setNote] = useState('')
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const save = async (): Promise<void> => {
    if (note.trim().length < 3) return setError(t('Say why in a few words; it is kept in the audit trail.'))
    setBusy(true)
    try {
      await api('POST /api/v1/suppressions', {
        body: { channel: channel as 'all', customer_id: customer.id, note: note.trim() },
      })
      await Promise.all([refresh('GET /api/v1/customers'), refresh('GET /api/v1/suppressions')])
      onClose()
      toast(t('Nobody writes to {name} any more', { name: customerName(customer) }))
    } catch (failed) {
      toastError(failed)
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Do not contact {name}', { name: customerName(customer) })}
      description={
        channels.length === 0
          ? t('There is no email and no phone, so there is nothing to close.')
          : t('If the customer said so themselves, record a refusal under Consents: only they can take that back.')
      }
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          {channels.length > 0 && (
            <Button look="primary" busy={busy} onClick={() => void save()}>
              {t('Do not contact')}
            </Button>
          )}
        </>
      }
    >
      {channels.length > 0 && (
        <div className="space-y-4">
          <Field label={t('Channel')}>
            <Select value={channel} onChange={(e) => setChannel(e.target.value)} options={channels} />
          </Field>
          <Field label={t('Why?')} error={error} required>
            <Input maxLength={300} autoComplete="off" value={note} onChange={(e) => setNote(e.target.value)} />
          </Field>
        </div>
      )}
    </Dialog>
  )
}
