import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { showRefusal } from '../../lib/form.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceCard } from '../../ui/choice-card.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { Steps } from './steps.tsx'
import { readers, type Till } from './till-words.ts'

/** Asks which till it is, then shows what to paste where; a secret that we made is shown here only. */
export function ConnectDialog({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState<Till['kind']>('shopify')
  const [refusal, setRefusal] = useState<string | null>(null)
  const [made, setMade] = useState<{ till: Till; secret: string | null } | null>(null)
  const stores = useApi('GET /api/v1/stores')
  const form = useForm({ defaultValues: { name: '', store_id: '' } })
  const create = useSend('POST /api/v1/integrations', {
    refresh: readers,
    onDone: ({ secret, ...till }) => setMade({ till, secret }),
    onError: (error) => setRefusal(showRefusal(error, form.setError, ['name'])),
  })
  const { errors } = form.formState
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    create.mutate({ body: { kind, name: v.name, store_id: v.store_id || null } })
  })
  if (made) return <Connected {...made} onClose={onClose} />
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('Connect a till or web shop')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" form="connect" type="submit" busy={create.isPending}>
            {t('Go on')}
          </Button>
        </>
      }
    >
      <form id="connect" className="grid gap-4 sm:grid-cols-2" onSubmit={(e) => void submit(e)} noValidate>
        {refusal && (
          <div className="sm:col-span-2">
            <Note tone="risk" title={refusal} />
          </div>
        )}
        <div role="radiogroup" aria-label={t('What it runs on')} className="grid gap-2 sm:col-span-2 sm:grid-cols-2">
          <ChoiceCard name="kind" value="shopify" chosen={kind} onChoose={setKind} label="Shopify">
            {t('Online and at the counter, with consents and refunds.')}
          </ChoiceCard>
          <ChoiceCard name="kind" value="woocommerce" chosen={kind} onChoose={setKind} label="WooCommerce">
            {t('Shops on WordPress, with guests and a checkout box for consent.')}
          </ChoiceCard>
        </div>
        <Field label={t('Name')} required error={errors.name?.message}>
          <Input
            placeholder={t('Corner Cellars online')}
            {...form.register('name', { required: t('Give it a name, like the one of the shop.') })}
          />
        </Field>
        <Field label={t('Its orders count for')} hint={t('Where an order does not name a store itself.')}>
          <Select
            {...form.register('store_id')}
            options={[
              { value: '', label: t('no store') },
              ...(stores.data?.data ?? []).map((s) => ({ value: s.id, label: s.name })),
            ]}
          />
        </Field>
      </form>
    </Dialog>
  )
}

function Connected({ till, secret, onClose }: { till: Till; secret: string | null; onClose: () => void }) {
  const navigate = useNavigate()
  const open = (): void => {
    onClose()
    void navigate({ to: '/settings/tills/$id', params: { id: till.id } } as never)
  }
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={t('{name}: what to paste', { name: till.name })}
      footer={
        <Button look="primary" onClick={open}>
          {till.secret_from === 'them' ? t('Go on to the signing secret') : t('Done')}
        </Button>
      }
    >
      <div className="space-y-4">
        <CopyField label={t('Address')} value={till.url} />
        {secret && (
          <CopyField
            label={t('Secret')}
            value={secret}
            hint={t('Shown now and never again; a new one can be made at any time.')}
          />
        )}
        <Steps till={till} />
      </div>
    </Dialog>
  )
}
