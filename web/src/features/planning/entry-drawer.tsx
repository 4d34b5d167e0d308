import { Lock, LockOpen, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { PlanEntry } from '#core/planning/plan.ts'
import { count, day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Facts } from '../../ui/panel.tsx'
import { channelWord } from '../../ui/pill.tsx'
import type { PlanOperation } from './campaign-words.ts'
import { EntryCopy } from './entry-copy.tsx'
import { EntryPreview } from './entry-preview.tsx'
import {
  aboutMoney,
  countRange,
  moneyRange,
  segmentWord,
  weekDays,
  windowWord,
  type SegmentNames,
} from './plan-words.ts'
import { VerdictList } from './verdict-list.tsx'
import { audienceWord, Weighed } from './weighed.tsx'

interface Props {
  campaignId: string
  entry: PlanEntry
  weekStart: string
  names: SegmentNames
  /** absent: look, do not touch */
  onEdit?: ((operations: PlanOperation[], undo: PlanOperation[], done: string) => Promise<boolean>) | undefined
  onClose: () => void
}

/** One entry of the plan in full: why it is there, what it should bring, and its settings. */
export function EntryDrawer({ campaignId, entry, weekStart, names, onEdit, onClose }: Props) {
  const [draft, setDraft] = useState({
    day: entry.day,
    channel: entry.channel,
    offer: entry.offer.id,
    start: entry.window.start,
    end: entry.window.end,
  })
  const [busy, setBusy] = useState(false)
  const operations = operationsOf(entry, draft)
  const run = async (ops: PlanOperation[], undo: PlanOperation[], done: string): Promise<void> => {
    if (!onEdit) return
    setBusy(true)
    const ok = await onEdit(ops, undo, done)
    setBusy(false)
    if (ok) onClose()
  }
  const f = entry.forecast
  return (
    <Drawer
      open
      onClose={onClose}
      title={entry.offer.title}
      description={t('{segment}, {day}, {channel}', {
        segment: segmentWord(entry.segment, names),
        day: day(entry.day, 'weekday'),
        channel: channelWord(entry.channel),
      })}
      footer={
        onEdit && (
          <>
            <Button
              look="risk"
              disabled={busy}
              className="mr-auto"
              onClick={() =>
                void run(
                  [{ op: 'remove', entry_id: entry.id }],
                  [readd(entry)],
                  t('Removed {offer}', { offer: entry.offer.title }),
                )
              }
            >
              <Trash2 aria-hidden />
              {t('Remove')}
            </Button>
            <Button
              disabled={busy}
              onClick={() =>
                void run(
                  [{ op: 'lock', entry_id: entry.id, locked: !entry.locked }],
                  [{ op: 'lock', entry_id: entry.id, locked: entry.locked }],
                  entry.locked ? t('Unlocked') : t('Locked: planning again keeps it'),
                )
              }
            >
              {entry.locked ? <LockOpen aria-hidden /> : <Lock aria-hidden />}
              {entry.locked ? t('Unlock') : t('Lock')}
            </Button>
            <Button
              look="primary"
              busy={busy}
              disabled={operations.length === 0}
              onClick={() =>
                void run(operations, operationsOf({ ...entry, ...applied(draft) }, draftOf(entry)), t('Plan changed'))
              }
            >
              {t('Save')}
            </Button>
          </>
        )
      }
    >
      <div className="space-y-6">
        <p className="border-l-3 border-shelf pl-3">{entry.reason}</p>
        {audienceWord(entry) && (
          <p>
            <span className="label block text-ink-2">{t('For whom')}</span>
            {audienceWord(entry)}
          </p>
        )}
        <Facts
          items={[
            [
              t('Customers'),
              <span key="r" className="ticket text-[20px]">
                {count(entry.reach)}
              </span>,
            ],
            [entry.audience ? t('Meant for') : t('In the segment'), count(entry.matched)],
            [t('Held out'), count(entry.held_out)],
            [
              t('Extra margin'),
              t('{mid} ({range})', { mid: aboutMoney(f.margin_cents.mid), range: moneyRange(f.margin_cents) }),
            ],
            [
              t('Revenue'),
              t('{mid} ({range})', { mid: aboutMoney(f.revenue_cents.mid), range: moneyRange(f.revenue_cents) }),
            ],
            [t('Orders'), t('{mid} ({range})', { mid: count(Math.round(f.orders.mid)), range: countRange(f.orders) })],
            [t('Window'), windowWord(entry.window)],
          ]}
        />
        <EntryPreview campaignId={campaignId} entry={entry} />
        <EntryCopy entry={entry} onEdit={onEdit && run} />
        {onEdit && <EntryForm draft={draft} setDraft={setDraft} weekStart={weekStart} disabled={busy} />}
        <Weighed entry={entry} />
        {entry.kept_back.length > 0 && (
          <section>
            <h3 className="pb-1 font-semibold">{t('Who does not get it')}</h3>
            <ul className="divide-y divide-line text-sm">
              {keptBack(entry).map((k) => (
                <li key={k.label} className="flex justify-between gap-3 py-1.5">
                  <span>{k.label}</span>
                  <span className="font-medium">{count(k.count)}</span>
                </li>
              ))}
            </ul>
          </section>
        )}
        {entry.verdicts.length > 0 && (
          <section>
            <h3 className="pb-2 font-semibold">{t('Rules that shaped it')}</h3>
            <VerdictList verdicts={entry.verdicts} />
          </section>
        )}
      </div>
    </Drawer>
  )
}

/** Rules with the same words are one line. */
function keptBack(entry: PlanEntry): { label: string; count: number }[] {
  const byLabel = Map.groupBy(entry.kept_back, (k) => k.label)
  return [...byLabel]
    .map(([label, rules]) => ({ label, count: rules.reduce((sum, r) => sum + r.count, 0) }))
    .sort((a, b) => b.count - a.count)
}

interface Draft {
  day: string
  channel: 'email' | 'sms'
  offer: string
  start: string
  end: string
}
const draftOf = (e: PlanEntry): Draft => ({
  day: e.day,
  channel: e.channel,
  offer: e.offer.id,
  start: e.window.start,
  end: e.window.end,
})

function EntryForm({
  draft,
  setDraft,
  weekStart,
  disabled,
}: {
  draft: Draft
  setDraft: (draft: Draft) => void
  weekStart: string
  disabled: boolean
}) {
  const offers = useApi('GET /api/v1/offers', { query: { is_active: 'true' } }, { staleMs: 60_000 })
  const list = offers.data?.data ?? []
  return (
    <fieldset disabled={disabled} className="grid grid-cols-2 gap-3">
      <legend className="pb-2 font-semibold">{t('Change it')}</legend>
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
          onChange={(e) => setDraft({ ...draft, channel: e.target.value as Draft['channel'] })}
          options={[
            { value: 'email', label: t('Email') },
            { value: 'sms', label: t('Text') },
          ]}
        />
      </Field>
      <Field label={t('From')}>
        <Input type="time" value={draft.start} onChange={(e) => setDraft({ ...draft, start: e.target.value })} />
      </Field>
      <Field label={t('Until')}>
        <Input
          type="time"
          value={draft.end === '24:00' ? '23:59' : draft.end}
          onChange={(e) => setDraft({ ...draft, end: e.target.value })}
        />
      </Field>
      <Field label={t('Offer')} className="col-span-2">
        <Select
          value={draft.offer}
          onChange={(e) => setDraft({ ...draft, offer: e.target.value })}
          options={list.length === 0 ? [{ value: draft.offer, label: t('Loading') }] : offerOptions(list, draft.offer)}
        />
      </Field>
    </fieldset>
  )
}

/** Offers that at least one store may make; the chosen one stays in the list whatever it is. */
function offerOptions(
  list: readonly { id: string; title: string; stores: readonly { allowed: boolean }[] }[],
  chosen: string,
) {
  const options = list.map((o) => {
    const legal = o.stores.length === 0 || o.stores.some((s) => s.allowed)
    return {
      value: o.id,
      label: legal ? o.title : t('{title} (not allowed here)', { title: o.title }),
      disabled: !legal && o.id !== chosen,
    }
  })
  return options.some((o) => o.value === chosen)
    ? options
    : [{ value: chosen, label: t('The present offer') }, ...options]
}

function operationsOf(
  entry: Pick<PlanEntry, 'id' | 'day' | 'channel' | 'window'> & { offer: { id: string } },
  draft: Draft,
): PlanOperation[] {
  const ops: PlanOperation[] = []
  const change: Extract<PlanOperation, { op: 'change' }> = { op: 'change', entry_id: entry.id }
  if (draft.channel !== entry.channel) change.channel = draft.channel
  if (draft.offer !== entry.offer.id) change.offer_id = draft.offer
  if (draft.start !== entry.window.start || draft.end !== entry.window.end)
    change.window = { start: draft.start, end: draft.end }
  if (Object.keys(change).length > 2) ops.push(change)
  if (draft.day !== entry.day) ops.push({ op: 'move', entry_id: entry.id, day: draft.day })
  return ops
}
const applied = (d: Draft) => ({
  day: d.day,
  channel: d.channel,
  offer: { id: d.offer },
  window: { start: d.start, end: d.end },
})
const readd = (e: PlanEntry): PlanOperation => ({
  op: 'add',
  segment: e.segment,
  day: e.day,
  channel: e.channel,
  offer_id: e.offer.id,
  window: e.window,
})
