import { count, money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Pill, Status } from '../../ui/pill.tsx'
import type { Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import {
  ageTone,
  ageWord,
  consentTone,
  consentWord,
  customerName,
  rfmWord,
  type CustomerRow,
} from './customer-words.ts'

/** Columns of the customer list. Ids are those of the API's order and of an export, so that both equal what is shown. */
const dash = <span className="text-ink-2">–</span>
export const customerColumns: Column<CustomerRow>[] = [
  { id: 'name', header: t('Customer'), sortable: true, hide: false, phone: 'title', cell: (c) => customerName(c) },
  {
    id: 'clv_score',
    header: t('Value, 12 mo.'),
    sortable: true,
    align: 'right',
    phone: 'aside',
    cell: (c) => (c.clv_score_cents === null ? dash : money(c.clv_score_cents)),
  },
  { id: 'rfm_segment', header: t('Segment'), sortable: true, cell: (c) => rfmWord(c.rfm_segment) },
  {
    id: 'churn_risk',
    header: t('Churn'),
    sortable: true,
    cell: (c) => (c.churn_risk ? <Status value={c.churn_risk} /> : dash),
  },
  {
    id: 'total_spent',
    header: t('Spent'),
    sortable: true,
    align: 'right',
    phone: 'none',
    cell: (c) => (c.total_spent_cents === null ? dash : money(c.total_spent_cents)),
  },
  {
    id: 'purchase_frequency',
    header: t('Orders'),
    sortable: true,
    align: 'right',
    phone: 'none',
    cell: (c) => (c.purchase_frequency === null ? dash : count(c.purchase_frequency)),
  },
  {
    id: 'last_purchase_at',
    header: t('Last order'),
    sortable: true,
    cell: (c) => (c.last_purchase_at ? <Time at={c.last_purchase_at} look="ago" /> : t('never')),
  },
  {
    id: 'primary_category',
    header: t('Buys mostly'),
    sortable: true,
    phone: 'none',
    cell: (c) => c.primary_category ?? dash,
  },
  {
    id: 'email_consent',
    header: t('Email'),
    phone: 'none',
    cell: (c) => <Pill tone={consentTone(c.email_consent)}>{consentWord(c.email_consent)}</Pill>,
  },
  {
    id: 'sms_consent',
    header: t('Texts'),
    phone: 'none',
    hide: 'off',
    cell: (c) => <Pill tone={consentTone(c.sms_consent)}>{consentWord(c.sms_consent)}</Pill>,
  },
  {
    id: 'age',
    header: t('Age'),
    hide: 'off',
    cell: (c) => <Pill tone={ageTone(c.age_status)}>{ageWord(c.age_status)}</Pill>,
  },
  {
    id: 'avg_order_value',
    header: t('Average order'),
    sortable: true,
    align: 'right',
    hide: 'off',
    cell: (c) => (c.avg_order_value_cents === null ? dash : money(c.avg_order_value_cents)),
  },
  { id: 'email', header: t('Email address'), sortable: true, hide: 'off', cell: (c) => c.email ?? dash },
  { id: 'phone', header: t('Phone'), hide: 'off', cell: (c) => c.phone ?? dash },
  { id: 'state', header: t('State'), sortable: true, hide: 'off', cell: (c) => c.state ?? dash },
  {
    id: 'avg_purchase_hour',
    header: t('Usual hour'),
    sortable: true,
    align: 'right',
    hide: 'off',
    cell: (c) => (c.avg_purchase_hour === null ? dash : `${Math.floor(c.avg_purchase_hour)}:00`),
  },
  {
    id: 'success_rate_pct',
    header: t('Answers'),
    sortable: true,
    align: 'right',
    hide: 'off',
    cell: (c) => (c.success_rate_pct === null ? dash : `${count(c.success_rate_pct)}%`),
  },
  { id: 'tags', header: t('Tags'), hide: 'off', cell: (c) => c.tags.join(', ') || dash },
  {
    id: 'created_at',
    header: t('Known since'),
    sortable: true,
    hide: 'off',
    cell: (c) => <Time at={c.created_at} look="date" />,
  },
  {
    id: 'secondary_category',
    header: t('Buys next'),
    phone: 'none',
    hide: 'off',
    cell: (c) => c.secondary_category ?? dash,
  },
  {
    id: 'favorite_brands',
    header: t('Brands'),
    phone: 'none',
    hide: 'off',
    cell: (c) => c.favorite_brands.join(', ') || dash,
  },
  { id: 'external_id', header: t('Number'), phone: 'none', hide: 'off', cell: (c) => c.external_id ?? dash },
]
