import { useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { count, day, money, percent, shopZone } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useJob, useSend } from '../../lib/query.ts'
import { Button, LinkButton, TextLink } from '../../ui/button.tsx'
import { ChoiceCard } from '../../ui/choice-card.tsx'
import { Field, Input, Select } from '../../ui/field.tsx'
import { Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Progress } from '../../ui/progress.tsx'
import { microsWord } from './llm-words.ts'
import { addDays, nextMonday, todayIn, weekWord } from './plan-words.ts'

type Engine = 'heuristic' | 'llm'

/** Next week's plan in one form: week, engine, holdout; then the planner works and the plan opens. */
export default function NewPlanPage() {
  const navigate = useNavigate()
  const first = nextMonday(todayIn(shopZone()))
  const limits = useApi('GET /api/v1/settings/limits')
  const [week, setWeek] = useState(first)
  const [engine, setEngine] = useState<Engine>('heuristic')
  const [name, setName] = useState('')
  const [holdout, setHoldout] = useState<string | null>(null)
  const [budget, setBudget] = useState<string | null>(null)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [jobId, setJobId] = useState<string | null>(null)
  const segments = useSegments()
  const chosen = (segments.data?.data ?? []).filter((s) => s.is_active && !left.has(s.key)).map((s) => s.key)
  const job = useJob(jobId)
  const usual = Math.round((limits.data?.holdout_share ?? 0.1) * 100)
  const wanted = holdout === null ? usual : Number(holdout)
  const shopBudget = limits.data?.budget_week_cents ?? null
  const budgetText = budget ?? (shopBudget === null ? '' : String(shopBudget / 100))
  const budgetCents = budgetText.trim() === '' ? null : Math.round(Number(budgetText) * 100)
  const budgetError =
    budgetCents !== null && !(budgetCents >= 100 && budgetCents <= 1_000_000_000)
      ? t('Write an amount from 1 on, or nothing.')
      : undefined
  const generate = useSend('POST /api/v1/campaigns/generate', { onDone: ({ id }) => setJobId(id) })

  const stop = useSend('POST /api/v1/jobs/:id/cancel', { refresh: ['GET /api/v1/jobs/:id'] })
  const { data: model } = useApi('GET /api/v1/settings/llm')

  const result = job.data?.status === 'succeeded' ? campaignOf(job.data.result) : null
  useEffect(() => {
    if (!result) return
    void navigate({ to: '/campaigns/$id', params: { id: result }, replace: true } as never)
  }, [result, navigate])

  const working = jobId !== null && job.data?.status !== 'failed' && job.data?.status !== 'cancelled'
  const weeks = Array.from({ length: 6 }, (_, i) => addDays(first, i * 7))
  const now = addDays(first, -7)
  return (
    <Page
      title={t('Plan a week')}
      back={<TextLink to="/campaigns">{t('Campaigns')}</TextLink>}
      subtitle={t(
        'The planner weighs every segment, offer, day and channel, and keeps to consent, age, your limits and state law.',
      )}
      narrow
    >
      <form
        className="space-y-5"
        onSubmit={(e) => {
          e.preventDefault()
          if (working || chosen.length === 0 || budgetError) return
          generate.mutate({
            body: {
              week_start: week,
              engine,
              ...(name.trim() ? { name: name.trim() } : {}),
              ...(wanted === usual ? {} : { holdout_share: wanted / 100 }),
              ...(budgetCents === shopBudget ? {} : { budget_cents: budgetCents }),
              ...(left.size > 0 ? { segments: chosen } : {}),
            },
          })
        }}
      >
        <Panel title={t('Week')}>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Which week?')}>
              <Select
                value={week}
                onChange={(e) => setWeek(e.target.value)}
                disabled={working}
                options={[
                  {
                    value: now,
                    label: t('This week, what is left until {day}', { day: day(addDays(now, 6), 'weekday') }),
                  },
                  ...weeks.map((w, n) => ({
                    value: w,
                    label: n === 0 ? t('Next week, {week}', { week: weekWord(w) }) : weekWord(w),
                  })),
                ]}
              />
            </Field>
            <Field label={t('Name')} hint={t('Left empty, the week names it.')}>
              <Input
                value={name}
                onChange={(e) => setName(e.target.value)}
                maxLength={200}
                disabled={working}
                placeholder={t('For example: Thanksgiving week')}
              />
            </Field>
          </div>
        </Panel>
        <Panel title={t('Who plans?')}>
          <fieldset disabled={working} className="space-y-2">
            <legend className="sr-only">{t('Planner')}</legend>
            <ChoiceCard
              name="engine"
              value="heuristic"
              chosen={engine}
              onChoose={setEngine}
              label={t('Rule-based planner')}
            >
              {t(
                'Computes the extra margin of every candidate from your own results and picks the best mix. Works without any key, gives the same plan for the same data.',
              )}
            </ChoiceCard>
            <ChoiceCard
              name="engine"
              value="llm"
              chosen={engine}
              onChoose={setEngine}
              label={model?.ready ? t('Language model, {name}', { name: model.model }) : t('Language model')}
            >
              {model?.ready
                ? t(
                    'Gets sizes, averages and typed offers, never a customer. Its plan is checked, repaired and counted like any other, and it writes words for each segment. This month: {spent}{of}.',
                    {
                      spent: microsWord(model.spent_micros),
                      of:
                        model.monthly_budget_cents === null
                          ? ''
                          : t(' of {budget}', { budget: money(model.monthly_budget_cents) }),
                    },
                  )
                : t('None is set up: the rule-based planner makes the plan instead, and the plan says so.')}
            </ChoiceCard>
            {engine === 'llm' && model && !model.ready && (
              <p className="text-sm">
                <TextLink to="/settings/llm">{t('Set up a language model')}</TextLink>
              </p>
            )}
          </fieldset>
        </Panel>
        <Panel title={t('Budget and measuring')}>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field
              label={t('Budget of this week, in dollars')}
              hint={t('What messages and used reductions may cost as far as can be expected. Empty: no limit.')}
              error={budgetError}
            >
              <Input
                inputMode="decimal"
                className="max-w-40"
                disabled={working}
                value={budgetText}
                onChange={(e) => setBudget(e.target.value)}
              />
            </Field>
            <Field
              label={t('Held out, in percent')}
              hint={t(
                'This share of the customers gets nothing, so that the effect can be told from coincidence. Usual in this shop: {share}.',
                { share: percent(usual / 100, 0) },
              )}
            >
              <Input
                type="number"
                min={0}
                max={50}
                step={1}
                className="max-w-32"
                disabled={working}
                value={holdout ?? String(usual)}
                onChange={(e) => setHoldout(e.target.value)}
              />
            </Field>
          </div>
        </Panel>
        <SegmentsPanel query={segments} left={left} onChange={setLeft} disabled={working} />
        {job.data?.status === 'cancelled' && <Note title={t('Stopped. No plan was made.')} />}
        {job.data?.status === 'failed' && (
          <Note tone="risk" title={t('The plan was not made')}>
            {job.data.error}
          </Note>
        )}
        {working ? (
          <div role="status" className="rounded-lg border border-line bg-surface p-4">
            <p className="pb-2 font-medium">{job.data?.message ?? t('Planning {week}', { week: weekWord(week) })}</p>
            <Progress label={t('Planning')} done={job.data?.done ?? 0} total={job.data?.total ?? null} />
            <div className="flex justify-end pt-3">
              <Button busy={stop.isPending} onClick={() => jobId && stop.mutate({ params: { id: jobId } })}>
                {t('Stop')}
              </Button>
            </div>
          </div>
        ) : (
          <div className="flex flex-wrap justify-end gap-2">
            <LinkButton to="/campaigns">{t('Cancel')}</LinkButton>
            <Button look="primary" type="submit" busy={generate.isPending}>
              {t('Make the plan')}
            </Button>
          </div>
        )}
      </form>
    </Page>
  )
}

const useSegments = () => useApi('GET /api/v1/segments', { query: { page_size: 200 } }, { staleMs: 300_000 })

/** Whom the planner looks at: every active segment, less those unticked. */
function SegmentsPanel({
  query,
  left,
  onChange,
  disabled,
}: {
  query: ReturnType<typeof useSegments>
  left: ReadonlySet<string>
  onChange: (left: ReadonlySet<string>) => void
  disabled: boolean
}) {
  return (
    <Panel
      title={t('Segments')}
      detail={t(
        'The planner looks at every ticked segment and leaves out those where no offer earns more than it costs.',
      )}
    >
      <QueryFrame query={query} what={t('The segments')} skeleton={<Skeleton className="h-20 w-full" />}>
        {({ data }) => (
          <>
            <ul className="grid grid-cols-1 gap-x-6 gap-y-1 text-sm sm:grid-cols-2">
              {data
                .filter((s) => s.is_active)
                .map((s) => (
                  <li key={s.id} className="border-b border-line">
                    <label className="flex cursor-pointer items-center gap-2 py-1.5">
                      <input
                        type="checkbox"
                        className="size-4 shrink-0 accent-(--primary)"
                        disabled={disabled}
                        checked={!left.has(s.key)}
                        onChange={(e) => {
                          const next = new Set(left)
                          if (e.target.checked) next.delete(s.key)
                          else next.add(s.key)
                          onChange(next)
                        }}
                      />
                      <span className="min-w-0 flex-1 truncate">{s.name}</span>
                      <span className="font-medium">{count(s.customer_count)}</span>
                    </label>
                  </li>
                ))}
            </ul>
            {data.every((s) => !s.is_active || left.has(s.key)) && (
              <p className="pt-2 text-sm text-risk">{t('Tick at least one segment.')}</p>
            )}
          </>
        )}
      </QueryFrame>
    </Panel>
  )
}

function campaignOf(result: unknown): string | null {
  return typeof result === 'object' &&
    result !== null &&
    'campaign_id' in result &&
    typeof result.campaign_id === 'string'
    ? result.campaign_id
    : null
}
