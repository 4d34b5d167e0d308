import { Trash2 } from 'lucide-react'
import { useState } from 'react'
import { day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import type { Query } from './figure-words.ts'

const readers = ['GET /api/v1/analytics/notes', 'GET /api/v1/analytics/overview', 'GET /api/v1/analytics/dashboard']

/** What happened on a day, as the chart shows it: "road closed", "new sign". */
export function Notes({ query }: { query: Query }) {
  const notes = useApi('GET /api/v1/analytics/notes', { query })
  const [at, setAt] = useState('')
  const [text, setText] = useState('')
  const add = useSend('POST /api/v1/analytics/notes', {
    refresh: readers,
    onDone: () => {
      setText('')
      toast(t('Noted'))
    },
  })
  const undo = useSend('POST /api/v1/analytics/notes', { refresh: readers })
  const remove = useSend('DELETE /api/v1/analytics/notes/:id', { refresh: readers })
  return (
    <Panel title={t('Notes on the chart')} detail={t('What the figures cannot know: a closed road, a local feast')}>
      <form
        className="no-print grid grid-cols-[150px_1fr] gap-2"
        onSubmit={(e) => {
          e.preventDefault()
          if (at !== '' && text.trim() !== '') add.mutate({ body: { day: at, text } })
        }}
      >
        <Field label={t('Day of the note')} hideLabel>
          <Input type="date" value={at} required onChange={(e) => setAt(e.target.value)} />
        </Field>
        <Field label={t('What happened')} hideLabel>
          <Input
            value={text}
            required
            maxLength={140}
            placeholder={t('What happened')}
            onChange={(e) => setText(e.target.value)}
          />
        </Field>
        <Button type="submit" size="sm" className="col-span-2 justify-self-start" busy={add.isPending}>
          {t('Add note')}
        </Button>
      </form>
      <QueryFrame query={notes} what={t('The notes')} skeleton={<Skeleton className="mt-3 h-8" />}>
        {({ data }) =>
          data.length === 0 ? (
            <p className="pt-3 text-sm text-ink-2">{t('No note in these days.')}</p>
          ) : (
            <ul className="mt-3 divide-y divide-line">
              {data.map((n) => (
                <li key={n.id} className="flex items-center gap-3 py-1">
                  <span className="w-14 shrink-0 text-sm text-ink-2">{day(n.day)}</span>
                  <span className="min-w-0 flex-1">{n.text}</span>
                  <IconButton
                    icon={Trash2}
                    label={t('Remove the note {text}', { text: n.text })}
                    onClick={() =>
                      remove.mutate(
                        { params: { id: n.id } },
                        {
                          onSuccess: () =>
                            toast(t('Note removed'), {
                              undo: () => undo.mutate({ body: { day: n.day, text: n.text } }),
                            }),
                        },
                      )
                    }
                  />
                </li>
              ))}
            </ul>
          )
        }
      </QueryFrame>
    </Panel>
  )
}
