import { useState, type FormEvent, type ReactNode } from 'react'
import { api } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceCard } from '../../ui/choice-card.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toastError } from '../../ui/toast.tsx'
import type { Ask, Whom } from './bulk-start.ts'
import { erasureReasonWords } from './customer-words.ts'

type Start = (body: Record<string, unknown>) => void

/** Asks for what an action still needs: a tag, a segment, a channel, a reason. */
export default function BulkDialog({
  ask,
  whom,
  columns,
  sort,
  onStart,
  onClose,
}: {
  ask: Ask
  whom: Whom
  columns: readonly string[]
  sort: string
  onStart: Start
  onClose: () => void
}) {
  const start: Start = (body) => {
    onStart(body)
    onClose()
  }
  const who = whom.isExact
    ? t('{n, plural, one {one customer} other {# customers}}', { n: whom.count })
    : t('about {n} customers', { n: count(whom.count) })
  const common = { who, start, onClose }
  switch (ask) {
    case 'add_tag':
    case 'remove_tag':
      return <TagForm {...common} action={ask} />
    case 'add_to_segment':
    case 'remove_from_segment':
      return <SegmentForm {...common} action={ask} />
    case 'suppress':
    case 'unsuppress':
      return <ContactForm {...common} action={ask} />
    case 'export':
      return <ExportForm {...common} columns={columns} sort={sort} />
    case 'erase':
      return <EraseForm {...common} whom={whom} />
  }
}

interface Common {
  who: string
  start: Start
  onClose: () => void
}

function Frame({
  title,
  description,
  action,
  tone,
  busy = false,
  onSubmit,
  onClose,
  children,
}: {
  title: string
  description?: ReactNode
  action: string
  tone?: 'risk'
  busy?: boolean
  onSubmit: () => void
  onClose: () => void
  children: ReactNode
}) {
  const submit = (e: FormEvent): void => {
    e.preventDefault()
    onSubmit()
  }
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      description={description}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look={tone ?? 'primary'} type="submit" form="bulk-dialog" busy={busy}>
            {action}
          </Button>
        </>
      }
    >
      <form id="bulk-dialog" onSubmit={submit} noValidate className="space-y-4">
        {children}
      </form>
    </Dialog>
  )
}

function TagForm({ who, start, onClose, action }: Common & { action: 'add_tag' | 'remove_tag' }) {
  const tags = useApi('GET /api/v1/tags', undefined, { staleMs: 30_000 })
  const [tag, setTag] = useState('')
  const [error, setError] = useState<string>()
  const adds = action === 'add_tag'
  const submit = (): void => {
    if (tag.trim() === '') return setError(t('Write a tag.'))
    start({ action, tag: tag.trim().toLowerCase() })
  }
  return (
    <Frame
      title={adds ? t('Tag {who}', { who }) : t('Take a tag from {who}', { who })}
      action={adds ? t('Tag') : t('Take away')}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label={t('Tag')} hint={t('A word of your own, such as "tasting guest".')} error={error} required>
        <Input
          list="known-tags"
          maxLength={50}
          autoComplete="off"
          value={tag}
          onChange={(e) => setTag(e.target.value)}
        />
      </Field>
      <datalist id="known-tags">
        {(tags.data?.data ?? []).map((known) => (
          <option key={known.tag} value={known.tag}>
            {known.tag}
          </option>
        ))}
      </datalist>
    </Frame>
  )
}

function SegmentForm({ who, start, onClose, action }: Common & { action: 'add_to_segment' | 'remove_from_segment' }) {
  const segments = useApi('GET /api/v1/segments', { query: { kind: 'snapshot', page_size: 200 } })
  const [chosen, setChosen] = useState('')
  const [name, setName] = useState('')
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const adds = action === 'add_to_segment'
  const known = segments.data?.data ?? []
  const isNew = adds && (chosen === 'new' || (chosen === '' && segments.data !== undefined && known.length === 0))
  const submit = async (): Promise<void> => {
    if (isNew && name.trim() === '') return setError(t('Give the new segment a name.'))
    if (!isNew && chosen === '') return setError(t('Choose a segment.'))
    setBusy(true)
    try {
      const id = isNew ? (await api('POST /api/v1/segments/hand-picked', { body: { name: name.trim() } })).id : chosen
      if (isNew) void refresh('GET /api/v1/segments')
      start({ action, segment_id: id })
    } catch (failed) {
      toastError(failed)
      setBusy(false)
    }
  }
  return (
    <Frame
      title={adds ? t('Add {who} to a segment', { who }) : t('Take {who} out of a segment', { who })}
      description={t('Only hand-picked segments: the others follow their rule.')}
      action={adds ? t('Add') : t('Take out')}
      busy={busy}
      onSubmit={() => void submit()}
      onClose={onClose}
    >
      {(known.length > 0 || !adds) && (
        <Field label={t('Segment')} error={isNew ? undefined : error} required>
          <Select
            value={chosen}
            onChange={(e) => setChosen(e.target.value)}
            options={[
              { value: '', label: known.length === 0 ? t('There is none yet') : t('Choose one') },
              ...known.map((s) => ({
                value: s.id,
                label: t('{name} ({n})', { name: s.name, n: count(s.customer_count) }),
              })),
              ...(adds ? [{ value: 'new', label: t('A new one …') }] : []),
            ]}
          />
        </Field>
      )}
      {isNew && (
        <Field label={t('Name of the new segment')} error={error} required>
          <Input maxLength={120} autoComplete="off" value={name} onChange={(e) => setName(e.target.value)} />
        </Field>
      )}
    </Frame>
  )
}

const channels = [
  { value: 'all', label: t('Email and texts') },
  { value: 'email', label: t('Email') },
  { value: 'sms', label: t('Texts') },
]

function ContactForm({ who, start, onClose, action }: Common & { action: 'suppress' | 'unsuppress' }) {
  const [channel, setChannel] = useState('all')
  const [note, setNote] = useState('')
  const [error, setError] = useState<string>()
  const closes = action === 'suppress'
  const submit = (): void => {
    if (note.trim().length < 3) return setError(t('Say why in a few words; it is kept in the audit trail.'))
    start({ action, channel, note: note.trim() })
  }
  return (
    <Frame
      title={closes ? t('Do not contact {who}', { who }) : t('Allow contact to {who} again', { who })}
      description={
        closes
          ? t('Their addresses go on the do-not-contact list. Messages that wait for them are not sent.')
          : t('Only entries that the shop made are taken away. What a customer said, a bounce or a complaint stays.')
      }
      action={closes ? t('Do not contact') : t('Allow again')}
      onSubmit={submit}
      onClose={onClose}
    >
      <Field label={t('Channel')}>
        <Select value={channel} onChange={(e) => setChannel(e.target.value)} options={channels} />
      </Field>
      <Field label={t('Why?')} error={error} required>
        <Input maxLength={300} autoComplete="off" value={note} onChange={(e) => setNote(e.target.value)} />
      </Field>
    </Frame>
  )
}

// Ids of the table's columns that an export calls by another name; what is not here has the same one.
const exportNames: Record<string, string> = { age: 'age_status' }

function ExportForm({ who, start, onClose, columns, sort }: Common & { columns: readonly string[]; sort: string }) {
  const masked = !useMay('manager')
  const [which, setWhich] = useState<'shown' | 'all'>('shown')
  const [reason, setReason] = useState('')
  const [error, setError] = useState<string>()
  const submit = (): void => {
    if (reason.trim().length < 3) return setError(t('Say what it is for; it is kept in the audit trail.'))
    start({
      action: 'export',
      reason: reason.trim(),
      sort: sort || undefined,
      ...(which === 'shown' ? { columns: columns.map((c) => exportNames[c] ?? c) } : {}),
    })
  }
  return (
    <Frame
      title={t('Export {who}', { who })}
      description={t('A CSV file in the order of the list. It can be fetched for a day.')}
      action={t('Export')}
      onSubmit={submit}
      onClose={onClose}
    >
      {masked && <Note>{t('Email and phone are masked for your role, in the file as well.')}</Note>}
      <div role="radiogroup" aria-label={t('Columns')} className="space-y-2">
        <ChoiceCard
          name="columns"
          value="shown"
          chosen={which}
          onChoose={setWhich}
          label={t('The columns of the table')}
        >
          {t('{n, plural, one {one column} other {# columns}}, as you see them now', { n: columns.length })}
        </ChoiceCard>
        <ChoiceCard name="columns" value="all" chosen={which} onChoose={setWhich} label={t('All columns')}>
          {t('Profile, consents and scores')}
        </ChoiceCard>
      </div>
      <Field label={t('What is it for?')} error={error} required>
        <Input maxLength={300} autoComplete="off" value={reason} onChange={(e) => setReason(e.target.value)} />
      </Field>
    </Frame>
  )
}

function EraseForm({ who, start, onClose, whom }: Common & { whom: Whom }) {
  const [reason, setReason] = useState('customer_request')
  return (
    <Frame
      title={t('Erase {who} for good?', { who })}
      description={t(
        'Names, addresses, birth dates, messages and consents go; orders stay without a name. Nobody writes to these addresses again, whatever file brings them back. This cannot be undone.',
      )}
      action={t('Erase {who}', { who })}
      tone="risk"
      onSubmit={() => start({ action: 'erase', reason, expected: whom.count })}
      onClose={onClose}
    >
      {!whom.isExact && (
        <Note tone="warn">{t('So many are only counted roughly. Narrow the list to at most 10,000 first.')}</Note>
      )}
      <Field label={t('Why?')}>
        <Select
          value={reason}
          onChange={(e) => setReason(e.target.value)}
          options={Object.entries(erasureReasonWords).map(([value, label]) => ({ value, label: t(label) }))}
        />
      </Field>
    </Frame>
  )
}
