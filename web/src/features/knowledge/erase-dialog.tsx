import { useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Select } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { customerName, erasureReasonWords, type Customer } from './customer-words.ts'

type Reason = keyof typeof erasureReasonWords

/** Asks before what cannot be undone, and says what goes and what stays. */
export default function EraseDialog({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const [reason, setReason] = useState<Reason>('customer_request')
  const name = customerName(customer)
  const erase = useSend('POST /api/v1/customers/:id/erase', {
    refresh: ['GET /api/v1/customers', 'GET /api/v1/suppressions'],
    onDone: () => {
      onClose()
      toast(t('Erased. Nobody writes to this person again.'))
    },
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Erase {name} for good?', { name })}
      description={t('This cannot be undone.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button
            look="risk"
            busy={erase.isPending}
            onClick={() => erase.mutate({ params: { id: customer.id }, body: { reason } })}
          >
            {t('Erase {name}', { name })}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        <dl className="grid gap-3 sm:grid-cols-2">
          <div>
            <dt className="label text-ink-2">{t('Goes')}</dt>
            <dd>
              {t('Name, addresses, birth date, tags, notes, the words of every message, where a consent came from.')}
            </dd>
          </div>
          <div>
            <dt className="label text-ink-2">{t('Stays')}</dt>
            <dd>
              {t('Orders and figures without a name, and a fingerprint of the addresses: no file brings them back.')}
            </dd>
          </div>
        </dl>
        <Field label={t('Why?')}>
          <Select
            value={reason}
            onChange={(e) => setReason(e.target.value as Reason)}
            options={Object.entries(erasureReasonWords).map(([value, label]) => ({ value, label: t(label) }))}
          />
        </Field>
      </div>
    </Dialog>
  )
}
