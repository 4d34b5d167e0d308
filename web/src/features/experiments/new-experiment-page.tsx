import { Plus, Trash2 } from 'lucide-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiError } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { text, useUrl } from '../../lib/url.ts'
import { Button, IconButton, LinkButton, TextLink } from '../../ui/button.tsx'
import { Field, Input, Select, Textarea } from '../../ui/field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { toast } from '../../ui/toast.tsx'
import { dimensionWord, metricWord, readers, type Experiment } from './experiment-words.ts'
import { ContentInput, type Content } from './content-input.tsx'

type Dimension = Experiment['dimension']
interface Version {
  id: number
  label: string
  content: Content
}

const effects = ['0.05', '0.1', '0.2', '0.3', '0.5', '1'] as const
const dimensionList: Dimension[] = ['subject', 'template', 'offer', 'send_time', 'channel']

/** A test in one screen: what differs, what decides, and how long it will take, before anything is sent. */
export default function NewExperimentPage() {
  const [url] = useUrl({ campaign: text(), continues: text() })
  const campaigns = useApi('GET /api/v1/campaigns', { query: { status: 'draft,approved,scheduled', page_size: 50 } })
  const before = useApi(
    'GET /api/v1/experiments/:id',
    { params: { id: url.continues } },
    { enabled: url.continues !== '' },
  )
  const ready = url.continues === '' || before.data !== undefined || before.isError
  return (
    <Page title={t('New test')} back={<TextLink to="/experiments">{t('Tests')}</TextLink>}>
      <QueryFrame query={campaigns} what={t('The campaigns')} skeleton={<Skeleton className="h-96 w-full" />}>
        {({ data }) =>
          data.length === 0 ? (
            <Panel title={t('Which campaign?')}>
              <Empty
                title={t('No campaign waits to be started')}
                action={
                  <LinkButton to="/campaigns/new" look="primary">
                    {t('Plan a week')}
                  </LinkButton>
                }
              >
                {t('A test is part of a campaign, and who gets what is drawn when it starts. Plan a week first.')}
              </Empty>
            </Panel>
          ) : ready ? (
            <Form campaigns={data} chosen={url.campaign} before={before.data} />
          ) : (
            <Skeleton className="h-96 w-full" />
          )
        }
      </QueryFrame>
    </Page>
  )
}

function Form({
  campaigns,
  chosen,
  before,
}: {
  campaigns: readonly { id: string; name: string; planned_reach: number | null }[]
  chosen: string
  before: Experiment | undefined
}) {
  const navigate = useNavigate()
  const [campaign, setCampaign] = useState(chosen || (campaigns[0]?.id ?? ''))
  const [dimension, setDimension] = useState<Dimension>(before?.dimension ?? 'subject')
  const [name, setName] = useState(before?.name ?? '')
  const [idea, setIdea] = useState(before?.hypothesis ?? '')
  const [metric, setMetric] = useState<Experiment['metric']>(before?.metric ?? 'orders')
  const [effect, setEffect] = useState(String(before?.min_effect ?? 0.2))
  const [rollout, setRollout] = useState<'manual' | 'auto'>(before?.rollout ?? 'manual')
  const [learns, setLearns] = useState(false)
  const [versions, setVersions] = useState<Version[]>(
    before?.variants.map((v, id) => ({ id, label: v.label, content: v.content })) ?? [
      { id: 0, label: t('As planned'), content: {} },
      { id: 1, label: '', content: {} },
    ],
  )
  const plan = useApi('GET /api/v1/experiments/planner', {
    query: { metric, arms: versions.length, effect: Number(effect), ...(campaign ? { campaign_id: campaign } : {}) },
  })
  const create = useSend('POST /api/v1/experiments', {
    refresh: readers,
    onDone: (made) => {
      toast(t('{name} is ready. It begins when the campaign starts.', { name: made.name }))
      void navigate({ to: '/experiments/$id', params: { id: made.id } } as never)
    },
    onError: () => undefined,
  })
  const refusal = create.error instanceof ApiError ? create.error : null
  const fault = (path: string): string | undefined => refusal?.fields.find((f) => f.path.startsWith(path))?.message
  const change = (id: number, next: Partial<Version>): void =>
    setVersions((all) => all.map((v) => (v.id === id ? { ...v, ...next } : v)))
  const canLearn = before !== undefined && metric !== 'revenue' && versions.length <= 4
  return (
    <form
      className="grid grid-cols-1 items-start gap-5 lg:grid-cols-[minmax(0,1fr)_340px]"
      onSubmit={(e) => {
        e.preventDefault()
        create.mutate({
          body: {
            campaign_id: campaign,
            dimension,
            name: name.trim() || t('{what} test', { what: dimensionWord(dimension) }),
            hypothesis: idea.trim() || null,
            metric,
            min_effect: Number(effect),
            rollout,
            allocation: learns && canLearn ? 'thompson' : 'fixed',
            ...(before ? { continues: before.id } : {}),
            variants: versions.map((v, i) => ({
              label: v.label.trim() || t('Version {letter}', { letter: 'ABCDEF'[i] }),
              content: v.content,
            })),
          },
        })
      }}
    >
      <div className="space-y-5">
        {refusal && refusal.fields.length === 0 && <Note tone="risk" title={refusal.message} />}
        {refusal && refusal.fields.length > 0 && (
          <Note tone="risk" title={t('Something is not right yet; see the fields.')} />
        )}
        <Panel title={t('What is tested')}>
          <div className="grid gap-3 sm:grid-cols-2">
            <Field label={t('Campaign')} required>
              <Select
                value={campaign}
                onChange={(e) => setCampaign(e.target.value)}
                options={campaigns.map((c) => ({
                  value: c.id,
                  label:
                    c.planned_reach === null
                      ? c.name
                      : t('{name}, {n} customers', { name: c.name, n: count(c.planned_reach) }),
                }))}
              />
            </Field>
            <Field label={t('What differs')} hint={t('One thing, so that it is the cause.')}>
              <Select
                value={dimension}
                onChange={(e) => {
                  setDimension(e.target.value as Dimension)
                  setVersions((all) => all.map((v) => ({ ...v, content: {} })))
                }}
                options={dimensionList.map((d) => ({ value: d, label: dimensionWord(d) }))}
              />
            </Field>
            <Field label={t('Name')} hint={t('Left out: made from what differs')}>
              <Input value={name} maxLength={120} onChange={(e) => setName(e.target.value)} />
            </Field>
            <Field label={t('Your idea')} hint={t('What you expect and why; it is shown beside the result')}>
              <Textarea rows={1} value={idea} maxLength={500} onChange={(e) => setIdea(e.target.value)} />
            </Field>
          </div>
        </Panel>
        <Panel
          title={t('Versions')}
          detail={t('Customers are drawn by lot; each sees the same version all week')}
          actions={
            versions.length < 6 && (
              <Button
                size="sm"
                onClick={() =>
                  setVersions((all) => [...all, { id: Math.max(...all.map((v) => v.id)) + 1, label: '', content: {} }])
                }
              >
                <Plus aria-hidden />
                {t('Add a version')}
              </Button>
            )
          }
        >
          <ul className="space-y-4">
            {versions.map((v, i) => (
              <li
                key={v.id}
                className="grid gap-3 border-t border-line pt-3 first:border-0 first:pt-0 sm:grid-cols-[200px_1fr_auto]"
              >
                <Field
                  label={t('Version {letter}', { letter: 'ABCDEF'[i] })}
                  hint={i === 0 ? t('The others are compared with it') : undefined}
                >
                  <Input
                    value={v.label}
                    placeholder={t('Its name')}
                    onChange={(e) => change(v.id, { label: e.target.value })}
                  />
                </Field>
                <ContentInput
                  dimension={dimension}
                  content={v.content}
                  error={fault(`variants.${i}.`)}
                  onChange={(content) => change(v.id, { content })}
                />
                {versions.length > 2 && (
                  <IconButton
                    icon={Trash2}
                    className="sm:mt-6"
                    label={t('Remove version {letter}', { letter: 'ABCDEF'[i] })}
                    onClick={() => setVersions((all) => all.filter((x) => x !== v))}
                  />
                )}
              </li>
            ))}
          </ul>
        </Panel>
        <Panel title={t('How it is decided')}>
          <div className="grid gap-3 sm:grid-cols-2">
            <Field label={t('By')}>
              <Select
                value={metric}
                onChange={(e) => setMetric(e.target.value as Experiment['metric'])}
                options={(['clicks', 'orders', 'revenue'] as const).map((m) => ({ value: m, label: metricWord(m) }))}
              />
            </Field>
            <Field label={t('A difference worth seeing')}>
              <Select
                value={effect}
                onChange={(e) => setEffect(e.target.value)}
                options={[...new Set([...effects, effect])].map((x) => ({
                  value: x,
                  label: t('{pct}% or more', { pct: Math.round(Number(x) * 100) }),
                }))}
              />
            </Field>
            <Field label={t('The winner')}>
              <Select
                value={rollout}
                onChange={(e) => setRollout(e.target.value as 'manual' | 'auto')}
                options={[
                  { value: 'manual', label: t('I decide') },
                  { value: 'auto', label: t('is taken by itself when it is clear') },
                ]}
              />
            </Field>
            {canLearn && (
              <Field label={t('Shares')} error={fault('allocation')}>
                <Select
                  value={learns ? 'thompson' : 'fixed'}
                  onChange={(e) => setLearns(e.target.value === 'thompson')}
                  options={[
                    { value: 'fixed', label: t('the same for each version') },
                    { value: 'thompson', label: t('more to what did better last time') },
                  ]}
                />
              </Field>
            )}
          </div>
        </Panel>
      </div>
      <div className="space-y-5 lg:sticky lg:top-20">
        <QueryFrame query={plan} what={t('The reckoning')} skeleton={<Skeleton className="h-40 w-full" />}>
          {(p) => (
            <Panel title={t('How long will it take?')}>
              <p className="font-medium">{p.sentence}</p>
              <p className="pt-2 text-sm text-ink-2">
                {metric === 'revenue'
                  ? t('Reckoned from {n} customers a week.', { n: count(p.per_week) })
                  : t('Reckoned from {n} customers a week, of whom {pct}% do it now.', {
                      n: count(p.per_week),
                      pct: p.base,
                    })}
              </p>
            </Panel>
          )}
        </QueryFrame>
        <Button type="submit" look="primary" className="w-full" busy={create.isPending}>
          {t('Make the test')}
        </Button>
      </div>
    </form>
  )
}
