import { useDeferredValue, useEffect, useState } from 'react'
import { useQuery } from '@tanstack/react-query'
import { api, ApiError } from '../../lib/api.ts'
import { timeOptions } from '../../lib/clock.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Checkbox, Field, Input, Select, Textarea } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { channelWord } from '../../ui/pill.tsx'
import { toast } from '../../ui/toast.tsx'
import { PlaybookOffers } from './playbook-offers.tsx'
import { PlaybookVerdicts } from './playbook-verdicts.tsx'
import type { Playbook, PlaybookCheck } from './playbook-words.ts'

const channels = ['email', 'sms'] as const

/** How a segment is spoken to, beside what each state says about it while it is written. */
export function PlaybookPanel({ segmentId }: { segmentId: string }) {
  const query = useApi('GET /api/v1/segments/:id/playbook', { params: { id: segmentId } })
  return (
    <QueryFrame query={query} what={t('The playbook')} skeleton={<Skeleton className="h-80 w-full" />}>
      {({ playbook, check }) => (
        <Editor key={JSON.stringify(playbook)} segmentId={segmentId} start={playbook} first={check} />
      )}
    </QueryFrame>
  )
}

function Editor({ segmentId, start, first }: { segmentId: string; start: Playbook; first: PlaybookCheck }) {
  const may = useMay('manager')
  const [book, setBook] = useState(start)
  const [days, setDays] = useState(String(start.cool_down_days))
  const [refused, setRefused] = useState<{ path: string; message: string }[]>([])
  const offers = useApi('GET /api/v1/offers', { query: { is_active: 'true' } })
  const titles = new Map(offers.data?.data.map((o) => [o.key, o.title]))
  const set = (part: Partial<Playbook>): void => setBook({ ...book, ...part })
  const error = (path: string): string | undefined => refused.find((r) => r.path.startsWith(path))?.message
  const params = { id: segmentId }
  const save = useSend('PUT /api/v1/segments/:id/playbook', {
    refresh: ['GET /api/v1/segments'],
    onDone: () => {
      setRefused([])
      toast(t('Playbook saved'), { undo: () => undo.mutate({ params, body: start }) })
    },
    onError: (e) =>
      setRefused(
        e instanceof ApiError && e.fields.length > 0
          ? e.fields
          : [
              {
                path: '',
                message: e instanceof ApiError ? e.message : t('Something broke on this page. Load it again.'),
              },
            ],
      ),
  })
  const undo = useSend('PUT /api/v1/segments/:id/playbook', { refresh: ['GET /api/v1/segments'] })
  const whole = { ...book, cool_down_days: /^\d+$/.test(days) ? Number(days) : -1 }
  const changed = JSON.stringify(whole) !== JSON.stringify(start)
  return (
    <form
      className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_400px]"
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        save.mutate({ params, body: whole })
      }}
    >
      <Panel title={t('Playbook')} detail={t('How these customers are best spoken to; the planner goes by it.')}>
        <div className="space-y-4">
          {refused.some((r) => r.path === '') && <Note tone="risk" title={error('') ?? ''} />}
          <PlaybookOffers
            names={book.recommended_offers}
            titles={titles}
            error={error('recommended_offers')}
            onChange={(names) => set({ recommended_offers: names })}
            readOnly={!may}
          />
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Tone')} hint={t('Like: warm and short.')} error={error('tone')}>
              <Input
                value={book.tone ?? ''}
                maxLength={200}
                readOnly={!may}
                onChange={(e) => set({ tone: e.target.value || null })}
              />
            </Field>
            <Field
              label={t('Cool-down, days')}
              hint={t('Left in peace so long after any message; 0: only the weekly limits.')}
              error={error('cool_down_days')}
            >
              <Input inputMode="numeric" value={days} readOnly={!may} onChange={(e) => setDays(e.target.value)} />
            </Field>
          </div>
          <Field label={t('What to say, and why')} error={error('messaging_strategy')}>
            <Textarea
              value={book.messaging_strategy ?? ''}
              maxLength={500}
              readOnly={!may}
              onChange={(e) => set({ messaging_strategy: e.target.value || null })}
            />
          </Field>
          <div className="grid gap-4 sm:grid-cols-2">
            <fieldset className="min-w-0">
              <legend className="mb-1 font-medium">{t('Channels')}</legend>
              <div className="flex gap-4">
                {channels.map((c) => (
                  <Checkbox
                    key={c}
                    label={channelWord(c)}
                    checked={book.optimal_channels.includes(c)}
                    disabled={!may}
                    onChange={(e) =>
                      set({
                        optimal_channels: e.target.checked
                          ? [...book.optimal_channels, c]
                          : book.optimal_channels.filter((other) => other !== c),
                      })
                    }
                  />
                ))}
              </div>
              {error('optimal_channels') && <p className="mt-1 text-sm text-risk">{error('optimal_channels')}</p>}
            </fieldset>
            <fieldset className="min-w-0">
              <legend className="mb-1 font-medium">{t('Hours, by the customer’s clock')}</legend>
              <div className="flex items-center gap-1.5">
                <Select
                  label={t('From')}
                  className="min-w-0 flex-1 sm:w-28 sm:flex-none"
                  disabled={!may}
                  value={book.optimal_send_window.start}
                  options={timeOptions('start', book.optimal_send_window.start)}
                  onChange={(e) => set({ optimal_send_window: { ...book.optimal_send_window, start: e.target.value } })}
                />
                <span className="text-ink-2">{t('to')}</span>
                <Select
                  label={t('Until')}
                  className="min-w-0 flex-1 sm:w-28 sm:flex-none"
                  disabled={!may}
                  value={book.optimal_send_window.end}
                  options={timeOptions('end', book.optimal_send_window.end)}
                  onChange={(e) => set({ optimal_send_window: { ...book.optimal_send_window, end: e.target.value } })}
                />
              </div>
              {error('optimal_send_window') && <p className="mt-1 text-sm text-risk">{error('optimal_send_window')}</p>}
            </fieldset>
          </div>
          {may && (
            <div className="flex justify-end">
              <Button type="submit" look="primary" busy={save.isPending} disabled={!changed}>
                {t('Save the playbook')}
              </Button>
            </div>
          )}
        </div>
      </Panel>
      <Law playbook={whole} start={start} first={first} titles={titles} />
    </form>
  )
}

/** Asks a third of a second after the last change; the former answer stays until the next one is there. */
function Law({
  playbook,
  start,
  first,
  titles,
}: {
  playbook: Playbook
  start: Playbook
  first: PlaybookCheck
  titles: ReadonlyMap<string, string>
}) {
  const wanted = useDeferredValue(JSON.stringify(playbook))
  const [asked, setAsked] = useState(wanted)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(wanted), 300)
    return () => clearTimeout(timer)
  }, [wanted])
  const check = useQuery({
    queryKey: ['POST /api/v1/segments/playbooks/check', asked],
    queryFn: ({ signal }) =>
      api('POST /api/v1/segments/playbooks/check', { body: JSON.parse(asked) as Playbook }, { signal }),
    enabled: asked !== JSON.stringify(start),
    placeholderData: (before) => before,
    retry: false,
  })
  const shown = asked === JSON.stringify(start) ? first : (check.data ?? first)
  return (
    <Panel
      title={t('What the law says')}
      detail={t('In each state where you have a store.')}
      className="lg:sticky lg:top-4"
    >
      <div aria-live="polite" className="space-y-4">
        {check.error && asked !== JSON.stringify(start) ? (
          <Note tone="warn" title={t('The playbook is not finished')}>
            {check.error instanceof ApiError
              ? (check.error.fields[0]?.message ?? check.error.message)
              : check.error.message}
          </Note>
        ) : (
          <PlaybookVerdicts check={shown} titles={titles} />
        )}
        <p className="border-t border-line pt-2 text-sm text-ink-2">
          {t('What is not allowed in a state is left out there by itself. Not legal advice.')}
        </p>
      </div>
    </Panel>
  )
}
