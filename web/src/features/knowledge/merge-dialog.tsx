import { useState } from 'react'
import { api } from '../../lib/api.ts'
import { cx } from '../../lib/cx.ts'
import { day, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { SearchBox } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { consentWord, customerName, type Customer } from './customer-words.ts'

type Side = 'this' | 'other'
type Field = 'external_id' | 'email' | 'phone' | 'name' | 'birth_date' | 'address' | 'store_id'
type Keep = Partial<Record<Field, Side>>

/** Two steps: who is the same person, then whose values stay where both have one. */
export default function MergeDialog({ customer, onClose }: { customer: Customer; onClose: () => void }) {
  const [otherId, setOtherId] = useState<string | null>(null)
  return otherId === null ? (
    <Choose customer={customer} onChoose={setOtherId} onClose={onClose} />
  ) : (
    <Compare customer={customer} otherId={otherId} onBack={() => setOtherId(null)} onClose={onClose} />
  )
}

interface Candidate {
  id: string
  name: string
  detail: string
  why: string | null
}

function Choose({
  customer,
  onChoose,
  onClose,
}: {
  customer: Customer
  onChoose: (id: string) => void
  onClose: () => void
}) {
  const [q, setQ] = useState('')
  const likely = useApi('GET /api/v1/customers/:id/duplicates', { params: { id: customer.id } })
  const found = useApi('GET /api/v1/customers', { query: { q, page_size: 8 } }, { enabled: q.length > 1 })
  const detailOf = (c: { email: string | null; phone: string | null; external_id: string | null }): string =>
    [c.email, c.phone, c.external_id].filter(Boolean).join(' · ')
  const candidates: Candidate[] =
    q.length > 1
      ? (found.data?.data ?? [])
          .filter((c) => c.id !== customer.id)
          .map((c) => ({ id: c.id, name: customerName(c), detail: detailOf(c), why: null }))
      : (likely.data?.data ?? []).map((d) => ({
          id: d.customer.id,
          name: customerName(d.customer),
          detail: detailOf(d.customer),
          why: t('{reasons} ({likelihood})', { reasons: d.reasons.join(', '), likelihood: percent(d.likelihood, 0) }),
        }))
  // Only its states are shown by the frame; the rows were read above.
  const query = { ...(q.length > 1 ? found : likely), data: (q.length > 1 ? found.data : likely.data) && candidates }
  return (
    <Dialog
      open
      onClose={onClose}
      wide
      title={t('Who is the same person as {name}?', { name: customerName(customer) })}
      description={t('Likely ones are below; search for any other.')}
      footer={<Button onClick={onClose}>{t('Cancel')}</Button>}
    >
      <SearchBox value={q} onChange={setQ} label={t('Search name, email, phone or number')} className="w-full" />
      <div className="mt-3 max-h-[45vh] overflow-y-auto">
        <QueryFrame query={query} what={t('The customers')} skeleton={<Skeleton className="h-24 w-full" />}>
          {(shown) =>
            shown.length === 0 ? (
              <p className="py-3 text-ink-2">
                {q.length > 1 ? t('Nobody of this name, address or number.') : t('Nobody looks like the same person.')}
              </p>
            ) : (
              <ul aria-label={t('Customers to choose from')}>
                {shown.map((c) => (
                  <li key={c.id} className="border-t border-line first:border-t-0">
                    <button
                      type="button"
                      className="block w-full rounded-md px-2 py-2 text-left hover:bg-sunken focus-visible:-outline-offset-2"
                      onClick={() => onChoose(c.id)}
                    >
                      <span className="font-medium">{c.name}</span>
                      <span className="block text-sm text-ink-2">{c.detail || t('No contact details')}</span>
                      {c.why && <span className="block text-sm text-info">{c.why}</span>}
                    </button>
                  </li>
                ))}
              </ul>
            )
          }
        </QueryFrame>
      </div>
    </Dialog>
  )
}

const placeOf = (c: Customer): string | null =>
  [c.address, [c.city, c.state, c.zip].filter(Boolean).join(' ')].filter(Boolean).join(', ') || null

/** The fields a person chooses between, as each of the two has them. */
const fields: [Field, string, (c: Customer) => string | null][] = [
  ['name', 'Name', (c) => c.name],
  ['email', 'Email', (c) => c.email],
  ['phone', 'Phone', (c) => c.phone],
  ['external_id', 'Customer number', (c) => c.external_id],
  ['birth_date', 'Date of birth', (c) => (c.birth_date ? day(c.birth_date, 'date') : null)],
  ['address', 'Address', placeOf],
  ['store_id', 'Store', (c) => c.store_name],
]

function Compare({
  customer,
  otherId,
  onBack,
  onClose,
}: {
  customer: Customer
  otherId: string
  onBack: () => void
  onClose: () => void
}) {
  const query = useApi('GET /api/v1/customers/:id', { params: { id: otherId } })
  const other = query.data?.id === otherId ? query.data : undefined
  const [keep, setKeep] = useState<Keep>({})
  const [busy, setBusy] = useState(false)
  const merge = async (): Promise<void> => {
    setBusy(true)
    try {
      const done = await api('POST /api/v1/customers/:id/merge', {
        params: { id: customer.id },
        body: { other_id: otherId, keep },
      })
      await refresh('GET /api/v1/customers')
      onClose()
      toast(t('Merged. It can be taken back for seven days.'), {
        undo: () =>
          void api('POST /api/v1/merges/:id/undo', { params: { id: done.merge.id } })
            .then(() => refresh('GET /api/v1/customers'))
            .then(() => toast(t('Two customers again')))
            .catch(toastError),
      })
    } catch (error) {
      toastError(error)
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onClose={onClose}
      wide
      title={t('Merge into {name}', { name: customerName(customer) })}
      description={t(
        'Where both have a value, choose the one that stays. Orders, messages, tags and segments of both are kept.',
      )}
      footer={
        <>
          <Button onClick={onBack}>{t('Back')}</Button>
          <Button look="primary" busy={busy} disabled={!other} onClick={() => void merge()}>
            {t('Merge')}
          </Button>
        </>
      }
    >
      <QueryFrame
        query={{ ...query, data: other }}
        what={t('The other customer')}
        skeleton={<Skeleton className="h-60 w-full" />}
      >
        {(them) => (
          <div className="max-h-[55vh] space-y-3 overflow-y-auto">
            <div className="grid grid-cols-2 gap-2">
              <p className="label text-ink-2">{t('This customer')}</p>
              <p className="label text-ink-2">{t('The other one')}</p>
            </div>
            {fields.map(([field, label, valueOf]) => (
              <Choice
                key={field}
                field={field}
                label={t(label)}
                mine={valueOf(customer)}
                theirs={valueOf(them)}
                chosen={keep[field] ?? 'this'}
                onChoose={(side) => setKeep({ ...keep, [field]: side })}
              />
            ))}
            <ConsentNote mine={customer} theirs={them} />
          </div>
        )}
      </QueryFrame>
    </Dialog>
  )
}

function Choice({
  field,
  label,
  mine,
  theirs,
  chosen,
  onChoose,
}: {
  field: Field
  label: string
  mine: string | null
  theirs: string | null
  chosen: Side
  onChoose: (side: Side) => void
}) {
  if (mine === null && theirs === null) return null
  const isOpen = mine !== null && theirs !== null && mine !== theirs
  const side = isOpen ? chosen : mine === null ? 'other' : 'this'
  return (
    <fieldset>
      <legend className="mb-1 font-medium">{label}</legend>
      <div className="grid grid-cols-2 gap-2">
        {(['this', 'other'] as const).map((s) => {
          const value = s === 'this' ? mine : theirs
          return (
            <label
              key={s}
              className={cx(
                'flex min-h-9 items-start gap-2 rounded-md border px-2 py-1.5',
                side === s ? 'border-primary bg-sunken/60' : 'border-line text-ink-2',
              )}
            >
              {isOpen && (
                <input
                  type="radio"
                  name={`keep-${field}`}
                  className="mt-0.5 size-4 shrink-0 accent-(--primary)"
                  checked={side === s}
                  onChange={() => onChoose(s)}
                />
              )}
              <span className="min-w-0 wrap-anywhere">{value ?? '–'}</span>
            </label>
          )
        })}
      </div>
    </fieldset>
  )
}

/** The stricter consent wins; said before, not found out afterwards. */
function ConsentNote({ mine, theirs }: { mine: Customer; theirs: Customer }) {
  const differ = (['email', 'sms'] as const).filter((c) => mine[`${c}_consent`] !== theirs[`${c}_consent`])
  if (differ.length === 0) return null
  return (
    <Note title={t('The stricter consent counts')}>
      {differ
        .map((c) =>
          t('{channel}: {mine} here, {theirs} there.', {
            channel: c === 'email' ? t('Email') : t('Texts'),
            mine: consentWord(mine[`${c}_consent`]).toLowerCase(),
            theirs: consentWord(theirs[`${c}_consent`]).toLowerCase(),
          }),
        )
        .join(' ')}
    </Note>
  )
}
