import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { count, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, LinkButton, TextLink } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Select } from '../../ui/field.tsx'
import { Figure } from '../../ui/figure.tsx'
import { IntervalBar } from '../../ui/interval-bar.tsx'
import { Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import {
  dimensionWord,
  metricShort,
  metricValue,
  metricWord,
  outcomeTone,
  outcomeWord,
  readers,
  signed,
  type Result,
} from './experiment-words.ts'

/** One test: what it says in a sentence, the versions with their intervals, and what to do with it. */
export default function ExperimentPage() {
  const { id = '' } = useParams({ strict: false })
  const query = useApi('GET /api/v1/experiments/:id/results', { params: { id } })
  useLiveRefresh('/ws/analytics', ['GET /api/v1/experiments/:id/results'], 5000)
  const e = query.data?.experiment
  return (
    <Page
      title={e?.name ?? t('Test')}
      back={<TextLink to="/experiments">{t('Tests')}</TextLink>}
      subtitle={
        e && (
          <span className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1">
            <Pill tone={outcomeTone(query.data!.outcome)}>{outcomeWord(query.data!.outcome)}</Pill>
            <span>{dimensionWord(e.dimension)}</span>
            {e.campaign_id && (
              <TextLink to="/campaigns/$id" params={{ id: e.campaign_id }}>
                {e.campaign_name}
              </TextLink>
            )}
            {e.started_at && (
              <span className="text-sm">
                {t('began')} <Time at={e.started_at} look="ago" />
              </span>
            )}
          </span>
        )
      }
    >
      <QueryFrame query={query} what={t('The test')} skeleton={<Skeleton className="h-96 w-full" />}>
        {(result) => <Body result={result} />}
      </QueryFrame>
    </Page>
  )
}

function Body({ result }: { result: Result }) {
  const { experiment: e } = result
  const tone = result.outcome === 'winner' ? 'good' : result.outcome === 'broken' ? 'risk' : 'info'
  return (
    <div className="space-y-5">
      <Note tone={tone} title={result.verdict}>
        {e.hypothesis && t('The idea was: {idea}', { idea: e.hypothesis })}
      </Note>
      {result.guard && <Note tone="warn" title={result.guard} />}
      {e.decision && <Note tone="info" title={e.decision} />}
      <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,1fr)_340px]">
        <div className="space-y-5">
          {result.arms.length > 0 ? <Arms result={result} /> : <Versions result={result} />}
          {result.next_shares && e.status === 'running' && <NextShares result={result} />}
        </div>
        <div className="space-y-5">
          <Decide result={result} />
          <Panel title={t('How it is read')}>
            <Facts
              items={[
                [t('Decided by'), metricWord(e.metric)],
                [t('Worth seeing'), t('a difference of {pct} or more', { pct: percent(e.min_effect, 0) })],
                [t('Looking early'), t('allowed: intervals hold on every day at once')],
                ...(result.arms.length > 0
                  ? [
                      [
                        t('Time before'),
                        result.cuped_reduction_pct >= 1
                          ? t('what the same customers did before takes {pct} of the noise away', {
                              pct: percent(result.cuped_reduction_pct / 100, 0),
                            })
                          : t('what customers did before explains nothing here'),
                      ] as const,
                    ]
                  : []),
                ...(result.srm_p === null
                  ? []
                  : [
                      [
                        t('The draw'),
                        result.outcome === 'broken'
                          ? t('not as drawn (p {p})', { p: result.srm_p.toExponential(1) })
                          : t('versions have the sizes they were drawn in'),
                      ] as const,
                    ]),
                [t('Counted until'), result.is_final ? t('finished') : t('seven days after the campaign')],
              ]}
            />
          </Panel>
        </div>
      </div>
    </div>
  )
}

function Versions({ result }: { result: Result }) {
  const { variants } = result.experiment
  const whole = variants.reduce((s, v) => s + v.weight, 0)
  return (
    <Panel title={t('Versions')} flush>
      <ul>
        {variants.map((v) => (
          <li key={v.key} className="flex items-baseline gap-3 border-t border-line px-4 py-2.5">
            <span className="label w-5 text-ink-2">{v.key}</span>
            <span className="min-w-0 flex-1">
              <span className="font-medium">{v.label}</span>
              <span className="block text-sm text-ink-2">{v.words}</span>
            </span>
            <span className="text-sm">{percent(v.weight / whole, 0)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Arms({ result }: { result: Result }) {
  const { experiment: e, arms } = result
  const lifts = arms.flatMap((a) => (a.lift_pct ? [a.lift_pct] : []))
  const from = Math.max(-100, Math.min(0, ...lifts.map((l) => l.low)))
  const to = Math.min(300, Math.max(10, ...lifts.map((l) => l.high)))
  const words = (key: string): string => e.variants.find((v) => v.key === key)?.words ?? ''
  return (
    <Figure
      title={t('Versions')}
      detail={t('Against the first; bars reach from the lower to the upper end of what is likely (95 of 100)')}
      flush
      isTable
      data={{
        head: [
          t('Version'),
          t('Customers'),
          metricWord(e.metric),
          t('Difference in %'),
          t('Lower end'),
          t('Upper end'),
          t('p value'),
          t('Left in %'),
        ],
        rows: arms.map((a) => [
          a.label,
          a.customers,
          e.metric === 'revenue' ? a.mean / 100 : a.mean,
          a.lift_pct?.mid ?? null,
          a.lift_pct?.low ?? null,
          a.lift_pct?.high ?? null,
          a.p_value,
          a.left_pct,
        ]),
      }}
    >
      <ScrollBox label={t('Versions, table')}>
        <table className="w-full sm:min-w-[680px]">
          <thead>
            <tr className="border-y border-line bg-sunken text-ink-2">
              {[t('Version'), t('Customers'), metricShort(e.metric), t('Difference'), t('Unsubscribed')].map((h, i) => (
                <th
                  key={h}
                  scope="col"
                  className={`label h-8 px-3 first:pl-4 last:pr-4 ${i === 0 || i === 3 ? 'text-left' : 'text-right'} ${i > 2 ? 'max-sm:hidden' : ''}`}
                >
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {arms.map((a) => (
              <tr key={a.key} className="border-b border-line last:border-0">
                <th scope="row" className="px-3 py-2.5 pl-4 text-left font-medium">
                  {a.label}{' '}
                  {a.key === (e.winner ?? result.winner) && (
                    <Pill tone="good">{e.winner ? t('taken') : t('best')}</Pill>
                  )}
                  <span className="block text-sm font-normal text-ink-2">{words(a.key)}</span>
                  {a.lift_pct && (
                    <span className="block text-sm sm:hidden">
                      {t('{mid}; {low} to {high}', {
                        mid: signed(a.lift_pct.mid),
                        low: signed(a.lift_pct.low),
                        high: signed(a.lift_pct.high),
                      })}
                    </span>
                  )}
                </th>
                <td className="px-3 text-right">{count(a.customers)}</td>
                <td className="px-3 text-right font-semibold">{metricValue(e.metric, a.mean)}</td>
                <td className="w-2/5 px-3 max-sm:hidden">
                  {a.lift_pct ? (
                    <>
                      <IntervalBar {...a.lift_pct} from={from} to={to} />
                      <span className="block text-sm text-ink-2">
                        {t('{mid}; {low} to {high}', {
                          mid: signed(a.lift_pct.mid),
                          low: signed(a.lift_pct.low),
                          high: signed(a.lift_pct.high),
                        })}
                      </span>
                    </>
                  ) : (
                    <span className="text-sm text-ink-2">
                      {a.p_value === null ? t('what the others are compared with') : t('cannot be said yet')}
                    </span>
                  )}
                </td>
                <td className="px-3 pr-4 text-right max-sm:hidden">{percent(a.left_pct / 100, 2)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
    </Figure>
  )
}

function NextShares({ result }: { result: Result }) {
  const label = (key: string): string => result.arms.find((a) => a.key === key)?.label ?? key
  return (
    <Panel
      title={t('If the test went on next week')}
      detail={t('Shares that follow what was learned: more to what does better, nobody below a tenth')}
    >
      <ul className="space-y-2">
        {result.next_shares!.map((s) => (
          <li key={s.key}>
            <span className="flex gap-3">
              <span className="min-w-0 flex-1 truncate">{label(s.key)}</span>
              <span className="text-sm text-ink-2">
                {t('{n} chance to be best', { n: percent(s.best_pct / 100, 0) })}
              </span>
              <span className="w-12 text-right font-semibold">{percent(s.share_pct / 100, 0)}</span>
            </span>
            <span className="mt-1 block h-2 rounded-sm bg-sunken" aria-hidden>
              <span className="block h-full rounded-sm bg-c1" style={{ width: `${s.share_pct}%` }} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Decide({ result }: { result: Result }) {
  const { experiment: e } = result
  const may = useMay('manager')
  const [variant, setVariant] = useState(result.winner ?? e.variants[0]?.key ?? '')
  const change = useSend('PATCH /api/v1/experiments/:id', { refresh: readers })
  const take = useSend('POST /api/v1/experiments/:id/winner', {
    refresh: readers,
    onDone: () => toast(t('Decided. The figures of this moment are kept.')),
  })
  const stop = useSend('POST /api/v1/experiments/:id/stop', { refresh: readers, onDone: () => toast(t('Stopped')) })
  if (!may) return null
  if (e.status === 'finished')
    return (
      <Panel title={t('What next')}>
        <p className="text-ink-2">{result.rollout_note ?? t('Messages made later use the plan’s words again.')}</p>
        <LinkButton className="mt-3" to="/experiments/new" search={{ continues: e.id }}>
          {t('Test again next week')}
        </LinkButton>
      </Panel>
    )
  if (e.status === 'draft')
    return (
      <Panel title={t('What next')}>
        <p className="text-ink-2">{t('It begins by itself when the campaign starts.')}</p>
        <RemoveDraft id={e.id} name={e.name} />
      </Panel>
    )
  const chosen = e.variants.find((v) => v.key === variant)
  const ask = async (): Promise<void> => {
    if (!chosen) return
    const yes = await confirm({
      title: t('Take “{version}”?', { version: chosen.label }),
      body:
        result.rollout_note ??
        t(
          'The test ends and its figures are kept. {n, plural, =0 {No message waits.} one {# waiting message changes to it.} other {# waiting messages change to it.}}',
          {
            n: result.waiting_messages,
          },
        ),
      action: t('Take “{version}”', { version: chosen.label }),
    })
    if (yes) take.mutate({ params: { id: e.id }, body: { variant } })
  }
  return (
    <Panel title={t('Decide')}>
      <div className="space-y-3">
        <div className="flex gap-2">
          <Select
            label={t('Version to take')}
            value={variant}
            onChange={(x) => setVariant(x.target.value)}
            options={e.variants.map((v) => ({ value: v.key, label: v.label }))}
          />
          <Button
            look={result.outcome === 'winner' ? 'primary' : 'outline'}
            disabled={result.outcome === 'broken'}
            busy={take.isPending}
            onClick={() => void ask()}
          >
            {t('Take it')}
          </Button>
        </div>
        {result.outcome === 'too_small' && (
          <p className="text-sm text-ink-2">{t('Nothing is proved yet; taking one now is a guess.')}</p>
        )}
        <Select
          label={t('Who decides')}
          value={e.rollout}
          onChange={(x) =>
            change.mutate({ params: { id: e.id }, body: { rollout: x.target.value as 'manual' | 'auto' } })
          }
          options={[
            { value: 'manual', label: t('I decide') },
            { value: 'auto', label: t('A clear winner is taken by itself') },
          ]}
        />
        <p className="text-sm text-ink-2">
          {t('By itself: after two days at the soonest, and not if more customers unsubscribe.')}
        </p>
        <Button look="quiet" size="sm" busy={stop.isPending} onClick={() => stop.mutate({ params: { id: e.id } })}>
          {t('Stop without a winner')}
        </Button>
      </div>
    </Panel>
  )
}

function RemoveDraft({ id, name }: { id: string; name: string }) {
  const remove = useSend('DELETE /api/v1/experiments/:id', {
    refresh: readers,
    onDone: () => {
      toast(t('{name} removed', { name }))
      history.back()
    },
  })
  const ask = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Remove “{name}”?', { name }),
      body: t('Nothing was sent with it. The campaign stays as planned.'),
      action: t('Remove the test'),
      tone: 'risk',
    })
    if (yes) remove.mutate({ params: { id } })
  }
  return (
    <Button className="mt-3" look="risk" size="sm" busy={remove.isPending} onClick={() => void ask()}>
      {t('Remove the test')}
    </Button>
  )
}
