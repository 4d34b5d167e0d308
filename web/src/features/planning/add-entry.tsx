import { useState } from 'react'
import { day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Select } from '../../ui/field.tsx'
import type { PlanOperation } from './campaign-words.ts'
import { weekDays } from './plan-words.ts'

interface Props {
  weekStart: string
  onAdd: (operation: PlanOperation) => Promise<boolean>
  onClose: () => void
}

/** A new entry by hand; the checker looks at it like at any other. */
export function AddEntry({ weekStart, onAdd, onClose }: Props) {
  const segments = useApi('GET /api/v1/segments', { query: { page_size: 200 } }, { staleMs: 300_000 })
  const offers = useApi('GET /api/v1/offers', { query: { is_active: 'true' } }, { staleMs: 60_000 })
  const [draft, setDraft] = useState({
    segment: '',
    day: weekDays(weekStart)[3] ?? weekStart,
    channel: 'email' as 'email' | 'sms',
    offer: '',
  })
  const [busy, setBusy] = useState(false)
  const [tried, setTried] = useState(false)
  const missing = t('Choose one.')
  const save = async (): Promise<void> => {
    setTried(true)
    if (draft.segment === '' || draft.offer === '') return
    setBusy(true)
    const ok = await onAdd({
      op: 'add',
      segment: draft.segment,
      day: draft.day,
      channel: draft.channel,
      offer_id: draft.offer,
    })
    setBusy(false)
    if (ok) onClose()
  }
  const choose = { value: '', label: t('Choose …') }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Add to the plan')}
      description={t('It is checked like every other entry and counted anew.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" busy={busy} onClick={() => void save()}>
            {t('Add')}
          </Button>
        </>
      }
    >
      <div className="grid grid-cols-2 gap-3">
        <Field label={t('Segment')} className="col-span-2" error={tried && draft.segment === '' ? missing : undefined}>
          <Select
            value={draft.segment}
            onChange={(e) => setDraft({ ...draft, segment: e.target.value })}
            options={[
              choose,
              ...(segments.data?.data ?? []).filter((s) => s.is_active).map((s) => ({ value: s.key, label: s.name })),
            ]}
          />
        </Field>
        <Field label={t('Offer')} className="col-span-2" error={tried && draft.offer === '' ? missing : undefined}>
          <Select
            value={draft.offer}
            onChange={(e) => setDraft({ ...draft, offer: e.target.value })}
            options={[
              choose,
              ...(offers.data?.data ?? []).map((o) => ({
                value: o.id,
                label: o.title,
                disabled: o.stores.length > 0 && o.stores.every((s) => !s.allowed),
              })),
            ]}
          />
        </Field>
        <Field label={t('Day')}>
          <Select
            value={draft.day}
            onChange={(e) => setDraft({ ...draft, day: e.target.value })}
            options={weekDays(weekStart).map((d) => ({ value: d, label: day(d, 'weekday') }))}
          />
        </Field>
        <Field label={t('Channel')}>
          <Select
            value={draft.channel}
            onChange={(e) => setDraft({ ...draft, channel: e.target.value as 'email' | 'sms' })}
            options={[
              { value: 'email', label: t('Email') },
              { value: 'sms', label: t('Text') },
            ]}
          />
        </Field>
      </div>
    </Dialog>
  )
}
