import { useDeferredValue, useEffect, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import type { Rule } from '#core/segments/rule.ts'
import { api, ApiError } from '../../lib/api.ts'
import { count, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { GroupEditor } from './group-editor.tsx'
import { asGroup } from './rule-draft.ts'

interface Body {
  name: string
  description: string | null
  rules: Rule
}

/** Name and rule beside the live answer: how many, who, and what each condition takes away. */
export function SegmentEditor({
  start,
  save,
  saveWord,
  busy,
}: {
  start: { name: string; description: string | null; rules: unknown }
  save: (body: Body, onError: (error: unknown) => void) => void
  saveWord: string
  busy: boolean
}) {
  const [name, setName] = useState(start.name)
  const [description, setDescription] = useState(start.description ?? '')
  const [rules, setRules] = useState<Rule>(() => asGroup(start.rules))
  const [refusal, setRefusal] = useState<string | null>(null)
  const changed =
    name !== start.name ||
    description !== (start.description ?? '') ||
    JSON.stringify(rules) !== JSON.stringify(asGroup(start.rules))
  return (
    <form
      className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_360px]"
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        setRefusal(null)
        save({ name: name.trim(), description: description.trim() || null, rules }, (error) =>
          setRefusal(error instanceof Error ? error.message : String(error)),
        )
      }}
    >
      <Panel title={t('Who is in it')}>
        <div className="space-y-4">
          {refusal && <Note tone="risk" title={refusal} />}
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Name')} required>
              <Input value={name} onChange={(e) => setName(e.target.value)} maxLength={120} />
            </Field>
            <Field label={t('Description')}>
              <Input value={description} onChange={(e) => setDescription(e.target.value)} maxLength={500} />
            </Field>
          </div>
          <GroupEditor rule={rules} onChange={setRules} />
          <div className="flex justify-end">
            <Button type="submit" look="primary" busy={busy} disabled={!changed || name.trim() === ''}>
              {saveWord}
            </Button>
          </div>
        </div>
      </Panel>
      <PreviewPanel rules={rules} />
    </form>
  )
}

/** Asks a third of a second after the last change; the former answer stays until the next one is there. */
function PreviewPanel({ rules }: { rules: Rule }) {
  const wanted = useDeferredValue(JSON.stringify(rules))
  const [asked, setAsked] = useState(wanted)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(wanted), 300)
    return () => clearTimeout(timer)
  }, [wanted])
  const preview = useQuery({
    queryKey: ['POST /api/v1/segments/preview', asked],
    queryFn: ({ signal }) =>
      api('POST /api/v1/segments/preview', { body: { rules: JSON.parse(asked) as Rule } }, { signal }),
    placeholderData: (before) => before,
    retry: false,
  })
  const { data, error } = preview
  return (
    <Panel title={t('Right now')} className="lg:sticky lg:top-4">
      <div aria-live="polite" aria-busy={undefined} className="space-y-4">
        {error ? (
          <Note tone="warn" title={t('The rule is not finished')}>
            {error instanceof ApiError ? (error.fields[0]?.message ?? error.message) : error.message}
          </Note>
        ) : data ? (
          <>
            <p>
              <span className="ticket text-[44px]">{count(data.count)}</span>
              <span className="ml-1.5 text-ink-2">
                {data.is_exact
                  ? t('of {total} customers', { total: count(data.customers) })
                  : t('of {total} customers, estimated from a sample', { total: count(data.customers) })}
              </span>
            </p>
            <p className="text-sm text-ink-2">{data.sentence}</p>
            {data.without.length > 0 && (
              <div>
                <h3 className="label pb-1 text-ink-2">{t('What each condition takes away')}</h3>
                <ul className="space-y-1 text-sm">
                  {data.without.map((w) => (
                    <li key={w.part} className="flex gap-3">
                      <span className="min-w-0 flex-1">{w.sentence}</span>
                      <span className="shrink-0 font-medium">
                        {t('{n} ({share})', {
                          n: `−${count(w.count - data.count)}`,
                          share: percent(w.count === 0 ? 0 : (w.count - data.count) / w.count, 0),
                        })}
                      </span>
                    </li>
                  ))}
                </ul>
              </div>
            )}
            {data.sample.length > 0 && (
              <div>
                <h3 className="label pb-1 text-ink-2">{t('Among them')}</h3>
                <ul className="space-y-1">
                  {data.sample.map((c) => (
                    <li key={c.id}>
                      <TextLink to="/customers/$id" params={{ id: c.id }}>
                        {c.name ?? c.email ?? c.external_id ?? t('No name')}
                      </TextLink>
                    </li>
                  ))}
                </ul>
              </div>
            )}
          </>
        ) : (
          <p className="text-ink-2">{t('Counting')}</p>
        )}
      </div>
    </Panel>
  )
}
