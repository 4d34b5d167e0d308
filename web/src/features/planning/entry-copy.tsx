import { useState } from 'react'
import type { Copy, PlanEntry } from '#core/planning/plan.ts'
import { t } from '../../lib/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Field, Input, Textarea } from '../../ui/field.tsx'
import { Facts } from '../../ui/panel.tsx'
import type { PlanOperation } from './campaign-words.ts'

const none: Copy = { subject: '', preheader: '', headline: '', body: '' }
const labels: Record<keyof Copy, string> = {
  subject: 'Subject',
  preheader: 'Line under it',
  headline: 'Heading',
  body: 'Words',
}
const limits: Record<keyof Copy, number> = { subject: 60, preheader: 90, headline: 60, body: 300 }

/** The words a plan brings for one segment and channel: read, changed within the rules, or given back to the template. */
export function EntryCopy({
  entry,
  onEdit,
}: {
  entry: PlanEntry
  onEdit: ((operations: PlanOperation[], undo: PlanOperation[], done: string) => Promise<void>) | undefined
}) {
  const [draft, setDraft] = useState<Copy | null>(null)
  const [busy, setBusy] = useState(false)
  const parts: (keyof Copy)[] = entry.channel === 'sms' ? ['body'] : ['subject', 'preheader', 'headline', 'body']
  const save = async (copy: Copy | null, done: string): Promise<void> => {
    setBusy(true)
    await onEdit?.(
      [{ op: 'change', entry_id: entry.id, copy }],
      [{ op: 'change', entry_id: entry.id, copy: entry.copy ?? null }],
      done,
    )
    setBusy(false)
  }
  if (!entry.copy && !onEdit) return null
  return (
    <section>
      <h3 className="pb-1 font-semibold">{t('Words of the message')}</h3>
      {draft ? (
        <div className="space-y-3">
          {parts.map((part) => (
            <Field
              key={part}
              label={t(labels[part])}
              hint={t('{n} of {most} letters. Empty: the template’s.', {
                n: draft[part].length,
                most: entry.channel === 'sms' ? 90 : limits[part],
              })}
            >
              {part === 'body' ? (
                <Textarea value={draft[part]} onChange={(e) => setDraft({ ...draft, [part]: e.target.value })} />
              ) : (
                <Input value={draft[part]} onChange={(e) => setDraft({ ...draft, [part]: e.target.value })} />
              )}
            </Field>
          ))}
          <p className="text-sm text-ink-2">
            {t('They may not promise more than the offer holds: no other price, code, date or gift, no link.')}
          </p>
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => setDraft(null)}>{t('Cancel')}</Button>
            <Button
              look="primary"
              busy={busy}
              disabled={parts.every((part) => draft[part].trim() === '')}
              onClick={() => void save(draft, t('Words changed'))}
            >
              {t('Use these words')}
            </Button>
          </div>
        </div>
      ) : (
        <>
          {entry.copy ? (
            <Facts items={parts.flatMap((part) => (entry.copy?.[part] ? [[t(labels[part]), entry.copy[part]]] : []))} />
          ) : (
            <p className="text-ink-2">{t('The template’s own.')}</p>
          )}
          {onEdit && (
            <div className="flex flex-wrap gap-2 pt-2">
              <Button size="sm" disabled={busy} onClick={() => setDraft(entry.copy ?? none)}>
                {entry.copy ? t('Change') : t('Write your own')}
              </Button>
              {entry.copy && (
                <Button
                  size="sm"
                  look="quiet"
                  busy={busy}
                  onClick={() => void save(null, t('The template’s own words are back'))}
                >
                  {t('Use the template’s own')}
                </Button>
              )}
            </div>
          )}
        </>
      )}
    </section>
  )
}
