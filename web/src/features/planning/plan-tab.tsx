import { Columns2, Plus, RotateCw } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { PlanEntry, WeeklyPlan } from '#core/planning/plan.ts'
import { day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useJob, refresh, useSend } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { Button } from '../../ui/button.tsx'
import { Empty } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { AddEntry } from './add-entry.tsx'
import { ComparePlans } from './compare-plans.tsx'
import { editPlan, engineWord, type Campaign, type PlanOperation, type PlanReply } from './campaign-words.ts'
import { EntryDrawer } from './entry-drawer.tsx'
import { ForecastTable } from './forecast-panel.tsx'
import { traceWord } from './llm-words.ts'
import { PlanGrid } from './plan-grid.tsx'
import type { SegmentNames } from './plan-words.ts'
import { ReachSteps } from './reach-steps.tsx'
import { RefusedList } from './refused-list.tsx'

interface Props {
  campaign: Campaign
  names: SegmentNames
  mayEdit: boolean
  openEntry: string
  onOpenEntry: (id: string) => void
}

/** The week as a grid, and what lies behind it. */
export function PlanTab({ campaign, names, mayEdit, openEntry, onOpenEntry }: Props) {
  useRowKeys()
  const [changes, setChanges] = useState<PlanReply['changes']>([])
  const [adding, setAdding] = useState(false)
  const [comparing, setComparing] = useState(false)
  const [announced, setAnnounced] = useState('')
  const plan = campaign.weekly_plan
  const edit = async (
    version: number,
    operations: PlanOperation[],
    undo: PlanOperation[],
    done: string,
  ): Promise<boolean> => {
    try {
      const reply = await editPlan({ id: campaign.id, plan_version: version }, operations)
      setChanges(reply.changes)
      setAnnounced(done)
      toast(done, undo.length > 0 ? { undo: () => void edit(reply.campaign.plan_version, undo, [], t('Undone')) } : {})
      return true
    } catch (error) {
      toastError(error)
      void refresh('GET /api/v1/campaigns')
      return false
    }
  }
  const change = mayEdit
    ? (operations: PlanOperation[], undo: PlanOperation[], done: string) =>
        edit(campaign.plan_version, operations, undo, done)
    : undefined
  const move = (entry: PlanEntry, to: string): void =>
    void change?.(
      [{ op: 'move', entry_id: entry.id, day: to }],
      [{ op: 'move', entry_id: entry.id, day: entry.day }],
      t('Moved {offer} to {day}', { offer: entry.offer.title, day: day(to, 'weekday') }),
    )
  const lock = (entry: PlanEntry): void =>
    void change?.(
      [{ op: 'lock', entry_id: entry.id, locked: !entry.locked }],
      [{ op: 'lock', entry_id: entry.id, locked: entry.locked }],
      entry.locked ? t('Unlocked') : t('Locked: planning again keeps it'),
    )
  const entry = plan?.entries.find((e) => e.id === openEntry)
  const tools = (
    <>
      {plan && (
        <Button size="sm" onClick={() => setComparing(true)}>
          <Columns2 aria-hidden />
          {t('Compare')}
        </Button>
      )}
      {mayEdit && (
        <>
          <Button size="sm" onClick={() => setAdding(true)}>
            <Plus aria-hidden />
            {t('Add')}
          </Button>
          <PlanAgain campaign={campaign} />
        </>
      )}
    </>
  )
  return (
    <div className="space-y-5">
      <p className="sr-only" aria-live="polite">
        {announced}
      </p>
      {plan?.fallback_reason && (
        <Note tone="warn" title={t('Planned by rules, not by the language model')}>
          {plan.fallback_reason}
          {plan.llm && <p className="pt-1 text-ink-2">{traceWord(plan.llm)}</p>}
        </Note>
      )}
      {plan?.engine === 'llm' && plan.llm && plan.llm.dropped > 0 && (
        <Note
          tone="warn"
          title={t(
            '{n, plural, one {# entry of the language model was not lawful and is left out} other {# entries of the language model were not lawful and are left out}}',
            { n: plan.llm.dropped },
          )}
        >
          {t('They are among the refused offers below, each with its rule.')}
        </Note>
      )}
      {changes.length > 0 && (
        <Note tone="warn" title={t('The checker changed something')}>
          <ul className="list-disc pl-4">
            {changes.map((c) => (
              <li key={c.entry_id + c.message}>{c.message}</li>
            ))}
          </ul>
        </Note>
      )}
      {!plan || plan.entries.length === 0 ? (
        <Panel title={t('Plan of the week')} actions={tools}>
          <Empty title={t('The plan is empty')}>
            {plan
              ? t(
                  'No offer is expected to earn more than it costs within your limits. See below what was refused, or add an entry by hand.',
                )
              : t('Add entries by hand, or let the planner make the week.')}
          </Empty>
        </Panel>
      ) : (
        <Panel
          title={t('Plan of the week')}
          detail={<PlanLine campaign={campaign} plan={plan} editable={mayEdit} />}
          actions={tools}
          flush
        >
          <PlanGrid plan={plan} names={names} onOpen={onOpenEntry} onMove={change && move} onLock={change && lock} />
        </Panel>
      )}
      {plan && (
        <>
          <div className="grid items-start gap-5 lg:grid-cols-2">
            <Panel
              title={t('From everybody to who gets it')}
              detail={t('Each line is a limit and how many it keeps back.')}
            >
              <ReachSteps steps={plan.reach} />
              {plan.is_estimate && (
                <p className="pt-2 text-sm text-ink-2">
                  {t(
                    'Counted on a share of each segment, right to within about 3 percent. The start counts everybody.',
                  )}
                </p>
              )}
            </Panel>
            <Panel title={t('Forecast')} detail={t('The middle, and where 8 of 10 such weeks fall.')}>
              <ForecastTable plan={plan} />
            </Panel>
          </div>
          <Panel
            title={t('Refused offers')}
            detail={t('Candidates that law or your limits do not allow. Policy {version}; not legal advice.', {
              version: plan.policy_version,
            })}
          >
            <RefusedList refused={plan.refused} names={names} />
          </Panel>
        </>
      )}
      {plan && entry && (
        <EntryDrawer
          key={entry.id + campaign.plan_version}
          campaignId={campaign.id}
          entry={entry}
          weekStart={plan.week_start}
          names={names}
          onEdit={change}
          onClose={() => onOpenEntry('')}
        />
      )}
      {comparing && <ComparePlans campaign={campaign} onClose={() => setComparing(false)} />}
      {adding && change && (
        <AddEntry
          weekStart={plan?.week_start ?? campaign.start_date}
          onAdd={(operation) => change([operation], [], t('Added to the plan'))}
          onClose={() => setAdding(false)}
        />
      )}
    </div>
  )
}

function PlanLine({ campaign, plan, editable }: { campaign: Campaign; plan: WeeklyPlan; editable: boolean }) {
  return (
    <>
      {plan.engine === 'llm' && plan.llm ? traceWord(plan.llm) : engineWord(plan.engine)},{' '}
      <Time at={plan.generated_at} look="ago" />.{' '}
      {t(
        '{count, plural, one {# entry} other {# entries}}, at most {most, plural, one {# message} other {# messages}} per customer.',
        { count: plan.entries.length, most: plan.limits.max_per_customer_week },
      )}{' '}
      {editable && (
        <span className="max-lg:hidden">
          {t('Drag a card to another day or use its menu, or press it to change it.')}
        </span>
      )}
      {!editable &&
        campaign.status !== 'completed' &&
        campaign.status !== 'cancelled' &&
        t('Running: the plan can no longer change.')}
    </>
  )
}

/** Plans the same draft anew; locked entries stay. */
function PlanAgain({ campaign }: { campaign: Campaign }) {
  const [jobId, setJobId] = useState<string | null>(null)
  const job = useJob(jobId)
  const start = useSend('POST /api/v1/campaigns/generate', { onDone: ({ id }) => setJobId(id) })
  const status = job.data?.status
  const error = job.data?.error
  const over = jobId !== null && (status === 'succeeded' || status === 'failed' || status === 'cancelled')
  const working = jobId !== null && !over
  useEffect(() => {
    if (!over) return
    void refresh('GET /api/v1/campaigns')
    if (status === 'succeeded') toast(t('Planned again'))
    else toast(error ?? t('The plan was not made again.'))
  }, [over, status, error])
  const locked = campaign.weekly_plan?.entries.filter((e) => e.locked).length ?? 0
  return (
    <Button
      size="sm"
      busy={start.isPending || working}
      title={
        locked > 0
          ? t('{count, plural, one {One locked entry stays} other {# locked entries stay}}', { count: locked })
          : t('Lock entries first to keep them')
      }
      onClick={() =>
        start.mutate({
          body: {
            week_start: campaign.start_date,
            engine: campaign.engine === 'llm' ? 'llm' : 'heuristic',
            campaign_id: campaign.id,
            // Whoever presses it wants another plan, not the same answer again.
            fresh: campaign.engine === 'llm',
          },
        })
      }
    >
      <RotateCw aria-hidden />
      {working ? t('Planning') : t('Plan again')}
    </Button>
  )
}
