import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { isEditable, type Campaign } from './campaign-words.ts'
import type { SegmentNames } from './plan-words.ts'
import { isComplete, TriggerForm } from './trigger-form.tsx'
import { sentenceOf, type Trigger, type TriggerState } from './trigger-words.ts'

/** What an automatic message waits for, where its customers stand, and its settings while it does not run. */
export function TriggerTab({ campaign, names }: { campaign: Campaign; names: SegmentNames }) {
  const { id, status } = campaign
  const query = useApi(
    'GET /api/v1/campaigns/:id/trigger',
    { params: { id } },
    { every: status === 'active' ? 15_000 : false },
  )
  const mayEdit = useMay('manager') && (isEditable(status) || status === 'paused')
  return (
    <QueryFrame query={query} what={t('The message')} skeleton={<Skeleton className="h-96 w-full" />}>
      {(state) => (
        <Body key={JSON.stringify(state.trigger)} campaign={campaign} state={state} names={names} mayEdit={mayEdit} />
      )}
    </QueryFrame>
  )
}

function Body({
  campaign: { id, status },
  state,
  names,
  mayEdit,
}: {
  campaign: Campaign
  state: TriggerState
  names: SegmentNames
  mayEdit: boolean
}) {
  const [draft, setDraft] = useState<Trigger | null>(null)
  const [tried, setTried] = useState(false)
  const save = useSend('PUT /api/v1/campaigns/:id/trigger', {
    refresh: ['GET /api/v1/campaigns'],
    onDone: () => {
      setDraft(null)
      toast(t('Saved'))
    },
  })
  const all = state.waiting + state.sent + state.holdout + state.exited + state.skipped
  return (
    <div className="space-y-5">
      <Panel
        title={t('In one sentence')}
        actions={mayEdit && !draft && <Button onClick={() => setDraft(state.trigger)}>{t('Change')}</Button>}
      >
        <p className="max-w-prose">{sentenceOf(draft ?? state.trigger, names)}</p>
        <p className="pt-2 text-sm text-ink-2">
          {t(
            'In the last {days} days this happened to {count, plural, =0 {nobody} one {# customer} other {# customers}}.',
            {
              days: state.preview.days,
              count: state.preview.customers,
            },
          )}
          {state.checked_to && status === 'active' && (
            <>
              {' '}
              {t('Looked last')} <Time at={state.checked_to} look="ago" />.
            </>
          )}
        </p>
      </Panel>
      {draft ? (
        <form
          className="space-y-5"
          noValidate
          onSubmit={(e) => {
            e.preventDefault()
            setTried(true)
            if (isComplete(draft)) save.mutate({ params: { id }, body: draft })
          }}
        >
          <TriggerForm value={draft} onChange={setDraft} tried={tried} />
          <div className="flex flex-wrap justify-end gap-2">
            <Button onClick={() => setDraft(null)}>{t('Discard changes')}</Button>
            <Button look="primary" type="submit" busy={save.isPending}>
              {t('Save')}
            </Button>
          </div>
        </form>
      ) : (
        <Panel title={t('Customers')} detail={t('Everybody to whom it happened since the start.')}>
          {all === 0 ? (
            <Empty title={t('Nobody yet')}>
              {status === 'active'
                ? t('It looks once a minute.')
                : t('Approve and start it; from then on it looks once a minute.')}
            </Empty>
          ) : (
            <Facts
              items={[
                [t('Waiting'), count(state.waiting)],
                [t('Messages made'), count(state.sent)],
                [t('Held out'), count(state.holdout)],
                ...state.because.map((b) => [t('Kept back: {why}', { why: b.label }), count(b.customers)] as const),
              ]}
            />
          )}
        </Panel>
      )}
    </div>
  )
}
