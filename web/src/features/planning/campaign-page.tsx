import { useParams } from '@tanstack/react-router'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, text, useUrl } from '../../lib/url.ts'
import { TextLink } from '../../ui/button.tsx'
import { Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import { Time } from '../../ui/time.tsx'
import { CampaignTest } from '../experiments/campaign-test.tsx'
import { CampaignActions } from './campaign-actions.tsx'
import { hasStarted, isEditable, ruleWords, useSegmentNames, type Campaign } from './campaign-words.ts'
import { HoldNote } from './hold-note.tsx'
import { LiveProgress } from './live-progress.tsx'
import { PlanTab } from './plan-tab.tsx'
import { weekWord } from './plan-words.ts'
import { RecipientsTab } from './recipients-tab.tsx'
import { ResultsTab } from './results-tab.tsx'
import { TriggerTab } from './trigger-tab.tsx'

const tabs = ['plan', 'results', 'recipients'] as const
const spec = { tab: choice(tabs, 'plan'), entry: text() }

/** One week: its plan, its progress, its results and its recipients. */
export default function CampaignPage() {
  const { id = '' } = useParams({ strict: false })
  const query = useApi('GET /api/v1/campaigns/:id', { params: { id } })
  const campaign = query.data?.id === id ? query.data : undefined
  return (
    <Page
      title={campaign?.name ?? t('Campaign')}
      back={<TextLink to="/campaigns">{t('Campaigns')}</TextLink>}
      subtitle={campaign && <Subtitle campaign={campaign} />}
      actions={campaign && <CampaignActions key={campaign.id} campaign={campaign} />}
    >
      <QueryFrame
        query={{ ...query, data: campaign }}
        what={t('The campaign')}
        skeleton={<Skeleton className="h-[560px] w-full" />}
      >
        {(c) => <Body campaign={c} />}
      </QueryFrame>
    </Page>
  )
}

function Subtitle({ campaign: c }: { campaign: Campaign }) {
  return (
    <span className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1">
      <Status value={c.status} />
      {c.is_demo && <Pill>{t('Demo')}</Pill>}
      <span>{c.type === 'triggered' ? t('Automatic message') : weekWord(c.start_date)}</span>
      {c.approved_at && (
        <span className="text-sm">
          {c.approved_by_name ? t('approved by {name}', { name: c.approved_by_name }) : t('approved')}{' '}
          <Time at={c.approved_at} look="ago" />
        </span>
      )}
    </span>
  )
}

function Body({ campaign }: { campaign: Campaign }) {
  const [url, setUrl] = useUrl(spec)
  const names = useSegmentNames()
  const mayEdit = useMay('manager') && isEditable(campaign.status)
  return (
    <>
      <HoldNote campaign={campaign} />
      {hasStarted(campaign.status) && <LiveProgress campaign={campaign} />}
      {campaign.type !== 'triggered' && (
        <div className="pb-4 empty:hidden">
          <CampaignTest id={campaign.id} editable={isEditable(campaign.status)} />
        </div>
      )}
      <Tabs
        label={t('Campaign')}
        value={url.tab}
        onChange={(tab) => setUrl({ tab })}
        tabs={[
          { value: 'plan', label: campaign.type === 'triggered' ? t('Message') : t('Plan') },
          { value: 'results', label: t('Results') },
          ...(campaign.type !== 'triggered' || hasStarted(campaign.status)
            ? [{ value: 'recipients' as const, label: t('Recipients') }]
            : []),
        ]}
      >
        {url.tab === 'plan' && campaign.type === 'triggered' && <TriggerTab campaign={campaign} names={names} />}
        {url.tab === 'plan' && campaign.type !== 'triggered' && (
          <PlanTab
            campaign={campaign}
            names={names}
            mayEdit={mayEdit}
            openEntry={url.entry}
            onOpenEntry={(entry) => setUrl({ entry }, { push: entry !== '' })}
          />
        )}
        {url.tab === 'results' && (
          <ResultsTab
            id={campaign.id}
            names={names}
            rules={ruleWords(campaign)}
            running={campaign.status === 'active'}
          />
        )}
        {url.tab === 'recipients' && <RecipientsTab campaign={campaign} names={names} />}
      </Tabs>
    </>
  )
}
