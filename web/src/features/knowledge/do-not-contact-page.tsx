import { Plus } from 'lucide-react'
import { useState } from 'react'
import { api, ApiError, type ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { useMay } from '../../lib/session.ts'
import { choice, tableParams, useUrl, whole } from '../../lib/url.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill, type Tone } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { suppressionReasons, type Suppression } from './customer-words.ts'

const endpoint = 'GET /api/v1/suppressions'
const reasons: Record<Suppression['reason'], [Tone, string]> = {
  unsubscribe: ['warn', 'Unsubscribed'],
  stop: ['warn', 'Answered STOP'],
  complaint: ['risk', 'Reported spam'],
  hard_bounce: ['neutral', 'Address does not exist'],
  manual: ['info', 'By the shop'],
  erased: ['neutral', 'Erased'],
}
const reasonWord = (r: Suppression['reason']): string => t(reasons[r][1])
const channelWords = { email: t('Email'), sms: t('Texts'), all: t('Email and texts') }
const dash = <span className="text-ink-2">–</span>

const spec = {
  ...tableParams(''),
  reason: choice(['', ...suppressionReasons], ''),
  channel: choice(['', 'email', 'sms', 'all'], ''),
  days: whole(0, 0, 3650),
}

/** Addresses that nobody may write to: why, since when, and who of the shop put them there. */
export default function DoNotContactPage() {
  const may = useMay('manager')
  const [url, setUrl] = useUrl(spec)
  const query = useApi(endpoint, {
    query: {
      page: url.page,
      page_size: url.size,
      reason: url.reason || undefined,
      channel: url.channel || undefined,
      within_days: url.days || undefined,
    },
  })
  const [adding, setAdding] = useState(false)
  const [lifting, setLifting] = useState<Suppression | null>(null)
  useRowKeys()
  const filtered = url.reason !== '' || url.channel !== '' || url.days > 0
  const add = may && (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {t('Add an address')}
    </Button>
  )
  return (
    <Page
      title={t('Do-not-contact list')}
      back={<TextLink to="/customers">{t('Customers')}</TextLink>}
      subtitle={t('Kept as fingerprints of addresses: they outlive the customer, and no file undoes them.')}
      actions={add}
    >
      <div className="space-y-5">
        <LookUp />
        <DataTable
          label={t('Do-not-contact list')}
          keep="suppressions"
          columns={columnsOf(may ? setLifting : null)}
          rowId={(s) => s.id}
          rowName={(s) => s.customer_name ?? s.address ?? reasonWord(s.reason)}
          query={query}
          url={url}
          setUrl={setUrl}
          tools={
            <>
              <Select
                label={t('Reason')}
                className="w-48 max-sm:w-full"
                value={url.reason}
                onChange={(e) => setUrl({ reason: e.target.value as (typeof url)['reason'] })}
                options={[
                  { value: '', label: t('Any reason') },
                  ...suppressionReasons.map((r) => ({ value: r, label: reasonWord(r) })),
                ]}
              />
              <Select
                label={t('Channel')}
                className="w-40 max-sm:w-full"
                value={url.channel}
                onChange={(e) => setUrl({ channel: e.target.value as (typeof url)['channel'] })}
                options={[
                  { value: '', label: t('Any channel') },
                  ...(['email', 'sms', 'all'] as const).map((c) => ({ value: c, label: channelWords[c] })),
                ]}
              />
              <Select
                label={t('Since')}
                className="w-40 max-sm:w-full"
                value={String(url.days)}
                onChange={(e) => setUrl({ days: Number(e.target.value) })}
                options={[
                  { value: '0', label: t('At any time') },
                  { value: '7', label: t('Last 7 days') },
                  { value: '30', label: t('Last 30 days') },
                  { value: '365', label: t('Last year') },
                ]}
              />
            </>
          }
          empty={
            filtered ? (
              <Empty
                kind="none"
                title={t('No entry matches')}
                action={
                  <Button onClick={() => setUrl({ reason: '', channel: '', days: 0 })}>{t('Clear filters')}</Button>
                }
              />
            ) : (
              <Empty title={t('Nobody is on the list')} action={add}>
                {t('Who unsubscribes, answers STOP or reports spam comes here by themselves.')}
              </Empty>
            )
          }
        />
      </div>
      {adding && <AddAddress onClose={() => setAdding(false)} />}
      {lifting && <Lift entry={lifting} onClose={() => setLifting(null)} />}
    </Page>
  )
}

function columnsOf(onLift: ((entry: Suppression) => void) | null): Column<Suppression>[] {
  return [
    {
      id: 'who',
      header: t('Who'),
      hide: false,
      phone: 'title',
      cell: (s) =>
        s.customer_id ? (
          <TextLink to="/customers/$id" params={{ id: s.customer_id }}>
            {s.customer_name ?? s.address ?? t('Unnamed customer')}
          </TextLink>
        ) : (
          <span className="text-ink-2">{t('No customer of ours')}</span>
        ),
    },
    {
      id: 'reason',
      header: t('Reason'),
      phone: 'aside',
      cell: (s) => <Pill tone={reasons[s.reason][0]}>{reasonWord(s.reason)}</Pill>,
    },
    { id: 'channel', header: t('Channel'), cell: (s) => channelWords[s.channel] },
    { id: 'address', header: t('Address'), phone: 'none', cell: (s) => s.address ?? dash },
    {
      id: 'note',
      header: t('Why'),
      cell: (s) => (s.note ? <span className="block max-w-72 truncate">{s.note}</span> : dash),
    },
    { id: 'by', header: t('By'), phone: 'none', cell: (s) => s.created_by ?? dash },
    { id: 'created_at', header: t('Since'), cell: (s) => <Time at={s.created_at} look="date" /> },
    ...(onLift
      ? [
          {
            id: 'lift',
            header: t('Change'),
            hide: false as const,
            phone: 'detail' as const,
            cell: (s: Suppression) =>
              s.can_lift ? (
                <Button size="sm" onClick={() => onLift(s)}>
                  {t('Allow again')}
                </Button>
              ) : (
                dash
              ),
          },
        ]
      : []),
  ]
}

/** Whether one address is on the list. It is asked in a body and kept in no address bar. */
function LookUp() {
  const [address, setAddress] = useState('')
  const [asked, setAsked] = useState<{
    address: string
    found: ReplyOf<'POST /api/v1/suppressions/lookup'>['data']
  } | null>(null)
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const ask = async (): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const { data } = await api('POST /api/v1/suppressions/lookup', { body: { address: address.trim() } })
      setAsked({ address: address.trim(), found: data })
    } catch (failed) {
      setAsked(null)
      setError(failed instanceof ApiError ? (failed.fields[0]?.message ?? failed.message) : t('Try again.'))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Panel title={t('Is an address on the list?')}>
      <form
        className="flex flex-wrap items-start gap-2"
        onSubmit={(e) => {
          e.preventDefault()
          void ask()
        }}
      >
        <Field label={t('Email or phone')} hideLabel error={error} className="min-w-0 flex-1 basis-64">
          <Input
            type="text"
            autoComplete="off"
            placeholder={t('The whole email or phone')}
            value={address}
            onChange={(e) => setAddress(e.target.value)}
          />
        </Field>
        <Button type="submit" busy={busy} disabled={address.trim().length < 3}>
          {t('Look up')}
        </Button>
      </form>
      <div role="status" className="mt-2">
        {asked &&
          (asked.found.length === 0 ? (
            <p>{t('{address} is not on the list.', { address: asked.address })}</p>
          ) : (
            <ul>
              {asked.found.map((s) => (
                <li key={s.id}>
                  {t('{address}: {reason}, {channel}', {
                    address: asked.address,
                    reason: reasonWord(s.reason),
                    channel: channelWords[s.channel],
                  })}{' '}
                  <span className="text-ink-2">
                    <Time at={s.created_at} look="date" /> {s.note}
                  </span>
                </li>
              ))}
            </ul>
          ))}
      </div>
    </Panel>
  )
}

const tooShort = (note: string): string | undefined =>
  note.trim().length < 3 ? t('Say why in a few words; it is kept in the audit trail.') : undefined

function AddAddress({ onClose }: { onClose: () => void }) {
  const [address, setAddress] = useState('')
  const [channel, setChannel] = useState<'email' | 'sms' | 'all'>('all')
  const [note, setNote] = useState('')
  const [faults, setFaults] = useState<Record<string, string | undefined>>({})
  const [busy, setBusy] = useState(false)
  const save = async (): Promise<void> => {
    const found = { address: address.trim() === '' ? t('Write an email or a phone.') : undefined, note: tooShort(note) }
    setFaults(found)
    if (found.address ?? found.note) return
    setBusy(true)
    try {
      await api('POST /api/v1/suppressions', { body: { address: address.trim(), channel, note: note.trim() } })
      await refresh(endpoint)
      onClose()
      toast(t('The address is on the list'))
    } catch (error) {
      const fields = error instanceof ApiError ? error.fields : []
      setFaults(
        fields.length > 0
          ? Object.fromEntries(fields.map((f) => [f.path, f.message]))
          : { all: error instanceof Error ? error.message : t('Try again.') },
      )
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Add an address')}
      description={t('Nobody writes to it from then on. It is kept as a fingerprint, not in words.')}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" busy={busy} onClick={() => void save()}>
            {t('Add')}
          </Button>
        </>
      }
    >
      <div className="space-y-4">
        {faults['all'] && <Note tone="risk" title={faults['all']} />}
        <Field label={t('Email or phone')} error={faults['address']} required>
          <Input autoComplete="off" value={address} onChange={(e) => setAddress(e.target.value)} />
        </Field>
        <Field label={t('Channel')} error={faults['channel']}>
          <Select
            value={channel}
            onChange={(e) => setChannel(e.target.value as typeof channel)}
            options={(['all', 'email', 'sms'] as const).map((c) => ({ value: c, label: channelWords[c] }))}
          />
        </Field>
        <Field label={t('Why?')} error={faults['note']} required>
          <Input maxLength={300} autoComplete="off" value={note} onChange={(e) => setNote(e.target.value)} />
        </Field>
      </div>
    </Dialog>
  )
}

function Lift({ entry, onClose }: { entry: Suppression; onClose: () => void }) {
  const [note, setNote] = useState('')
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const lift = async (): Promise<void> => {
    const fault = tooShort(note)
    setError(fault)
    if (fault) return
    setBusy(true)
    try {
      await api('DELETE /api/v1/suppressions/:id', { params: { id: entry.id }, body: { note: note.trim() } })
      await Promise.all([refresh(endpoint), refresh('GET /api/v1/customers')])
      onClose()
      toast(t('Taken off the list'))
    } catch (failed) {
      setError(failed instanceof Error ? failed.message : t('Try again.'))
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Allow contact again')}
      description={t('{who}, {channel}. Consent and age are still asked for before any message.', {
        who: entry.customer_name ?? entry.address ?? t('This address'),
        channel: channelWords[entry.channel],
      })}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" busy={busy} onClick={() => void lift()}>
            {t('Allow again')}
          </Button>
        </>
      }
    >
      <Field label={t('Why?')} error={error} required>
        <Input maxLength={300} autoComplete="off" value={note} onChange={(e) => setNote(e.target.value)} />
      </Field>
    </Dialog>
  )
}
