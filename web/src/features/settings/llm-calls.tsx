import type { ReplyOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { whole, useUrl } from '../../lib/url.ts'
import { TextLink } from '../../ui/button.tsx'
import { Empty } from '../../ui/page.tsx'
import { Pill, type Tone } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { microsWord } from '../planning/llm-words.ts'

type Call = ReplyOf<'GET /api/v1/settings/llm/calls'>['data'][number]

const outcomes: Record<Call['outcome'], [Tone, string]> = {
  running: ['info', 'Under way'],
  answered: ['good', 'Answered'],
  refused: ['warn', 'Refused'],
  malformed: ['warn', 'No plan in it'],
  truncated: ['warn', 'Cut off'],
  timeout: ['warn', 'Too slow'],
  failed: ['risk', 'Failed'],
  cancelled: ['neutral', 'Stopped'],
}
const dash = <span className="text-ink-2">–</span>

const columns: Column<Call>[] = [
  { id: 'at', header: t('When'), hide: false, phone: 'title', cell: (c) => <Time at={c.created_at} look="short" /> },
  {
    id: 'outcome',
    header: t('Outcome'),
    phone: 'aside',
    cell: (c) => <Pill tone={outcomes[c.outcome][0]}>{c.cached ? t('Remembered') : t(outcomes[c.outcome][1])}</Pill>,
  },
  {
    id: 'purpose',
    header: t('For'),
    cell: (c) =>
      c.campaign_id ? (
        <TextLink to="/campaigns/$id" params={{ id: c.campaign_id }}>
          {c.round > 1 ? t('Plan, repair {n}', { n: c.round - 1 }) : t('Plan')}
        </TextLink>
      ) : c.purpose === 'test' ? (
        t('Test')
      ) : c.round > 1 ? (
        t('Plan, repair {n}', { n: c.round - 1 })
      ) : (
        t('Plan')
      ),
  },
  {
    id: 'cost',
    header: t('Cost'),
    align: 'right',
    cell: (c) => (c.cost_micros === null ? dash : microsWord(c.cost_micros)),
  },
  {
    id: 'latency',
    header: t('Time'),
    align: 'right',
    phone: 'none',
    cell: (c) => (c.latency_ms === null ? dash : t('{s} s', { s: (c.latency_ms / 1000).toFixed(1) })),
  },
  { id: 'model', header: t('Model'), phone: 'none', hide: 'off', cell: (c) => c.model },
  {
    id: 'tokens',
    header: t('Tokens in, out'),
    align: 'right',
    phone: 'none',
    hide: 'off',
    cell: (c) => (c.input_tokens === null ? dash : `${count(c.input_tokens)}, ${count(c.output_tokens ?? 0)}`),
  },
  { id: 'detail', header: t('What happened'), phone: 'none', hide: 'off', cell: (c) => c.detail ?? '' },
]

/** Every question to the model, with what became of it. */
export function LlmCalls() {
  const [url, setUrl] = useUrl({ page: whole(1), size: whole(25, 1, 200) })
  const query = useApi('GET /api/v1/settings/llm/calls', { query: { page: url.page, page_size: url.size } })
  return (
    <DataTable
      label={t('Questions to the model')}
      keep="llm-calls"
      columns={columns}
      rowId={(c) => c.id}
      rowName={(c) => c.purpose}
      query={query}
      url={{ ...url, sort: '' }}
      setUrl={({ page, size }) => setUrl({ ...(page ? { page } : {}), ...(size ? { size } : {}) })}
      tools={<h2 className="font-semibold">{t('Questions to the model')}</h2>}
      empty={<Empty kind="none" title={t('Nothing was asked yet')} />}
    />
  )
}
