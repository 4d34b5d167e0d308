import { Plus } from 'lucide-react'
import { t } from '../../lib/i18n.ts'
import { day } from '../../lib/format.ts'
import { useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { useMay } from '../../lib/session.ts'
import { choice, tableParams, text, useUrl } from '../../lib/url.ts'
import { Button } from '../../ui/button.tsx'
import { SearchBox, Select } from '../../ui/field.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { Pill } from '../../ui/pill.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { OfferEditor } from './offer-editor.tsx'
import { LawPills } from './offer-verdicts.tsx'
import { breakEvenWord, kinds, kindWords, marginWord, stockWord, type StoredOffer } from './offer-words.ts'

const dash = <span className="text-ink-2">–</span>
const columns: Column<StoredOffer>[] = [
  {
    id: 'title',
    header: t('Offer'),
    hide: false,
    phone: 'title',
    cell: (o) => <span className="block max-w-80 truncate">{o.title}</span>,
  },
  { id: 'kind', header: t('Kind'), phone: 'detail', cell: (o) => t(kindWords[o.kind]) },
  { id: 'law', header: t('Law'), phone: 'aside', cell: (o) => <LawPills stores={o.stores} /> },
  { id: 'margin', header: t('Earned per unit'), align: 'right', phone: 'none', cell: (o) => marginWord(o.economics) },
  { id: 'pays', header: t('It pays'), phone: 'detail', cell: (o) => breakEvenWord(o.economics) },
  { id: 'stock', header: t('Stock'), phone: 'none', cell: (o) => stockWord(o.stock) },
  {
    id: 'funded',
    header: t('Paid by'),
    phone: 'none',
    hide: 'off',
    cell: (o) => (o.funded_by === 'store' ? t('The store') : t('A supplier')),
  },
  {
    id: 'used',
    header: t('In plans'),
    align: 'right',
    phone: 'none',
    cell: (o) => (o.in_campaigns === 0 ? dash : o.in_campaigns),
  },
  {
    id: 'until',
    header: t('Until'),
    phone: 'none',
    hide: 'off',
    cell: (o) => (o.valid_to ? day(o.valid_to, 'date') : dash),
  },
  {
    id: 'demo',
    header: t('Demo'),
    phone: 'none',
    hide: 'off',
    cell: (o) => (o.is_demo ? <Pill>{t('Demo')}</Pill> : ''),
  },
]
const url0 = {
  ...tableParams('', 50),
  q: text(),
  kind: choice(['', ...kinds], ''),
  shelf: choice(['use', 'archived'], 'use'),
  offer: text(),
}

/** What the shop can hold out to customers, with law, margin and stock of each. */
export default function OffersPage() {
  const may = useMay('manager')
  const [url, setUrl] = useUrl(url0)
  const query = useApi('GET /api/v1/offers', {
    query: {
      page: url.page,
      page_size: url.size,
      q: url.q || undefined,
      kind: url.kind || undefined,
      archived: url.shelf === 'archived' ? 'true' : 'false',
    },
  })
  useRowKeys()
  const listed = query.data?.data.find((o) => o.id === url.offer)
  const one = useApi(
    'GET /api/v1/offers/:id',
    { params: { id: url.offer } },
    { enabled: url.offer !== '' && url.offer !== 'new' && query.data !== undefined && !listed },
  )
  const open = listed ?? (one.data?.id === url.offer ? one.data : undefined)
  const create = may && (
    <Button look="primary" onClick={() => setUrl({ offer: 'new' }, { push: true })}>
      <Plus aria-hidden />
      {t('New offer')}
    </Button>
  )
  const filtered = url.q !== '' || url.kind !== '' || url.shelf === 'archived'
  return (
    <Page
      title={t('Offers')}
      subtitle={t('Typed, so that law, margin and words follow from the fields. The planner chooses among them.')}
      actions={create}
    >
      <DataTable
        label={t('Offers')}
        keep="offers"
        columns={columns}
        rowId={(o) => o.id}
        rowName={(o) => o.title}
        query={query}
        url={url}
        setUrl={setUrl}
        onOpen={(o) => setUrl({ offer: o.id }, { push: true })}
        tools={
          <>
            <SearchBox
              value={url.q}
              onChange={(q) => setUrl({ q })}
              label={t('Search offers')}
              className="w-full sm:w-64"
            />
            <Select
              label={t('Kind')}
              className="w-44 max-sm:w-[calc(50%-4px)]"
              value={url.kind}
              onChange={(e) => setUrl({ kind: e.target.value as (typeof url)['kind'] })}
              options={[
                { value: '', label: t('Any kind') },
                ...kinds.map((k) => ({ value: k, label: t(kindWords[k]) })),
              ]}
            />
            <Select
              label={t('Shown')}
              className="w-36 max-sm:w-[calc(50%-4px)]"
              value={url.shelf}
              onChange={(e) => setUrl({ shelf: e.target.value as (typeof url)['shelf'] })}
              options={[
                { value: 'use', label: t('In use') },
                { value: 'archived', label: t('Archived') },
              ]}
            />
          </>
        }
        empty={
          filtered ? (
            <Empty
              kind="none"
              title={t('No offer matches')}
              action={<Button onClick={() => setUrl({ q: '', kind: '', shelf: 'use' })}>{t('Clear filters')}</Button>}
            />
          ) : (
            <Empty title={t('No offer yet')} action={create}>
              {t('Begin with content that costs no margin, like five bottles your staff would pour tonight.')}
            </Empty>
          )
        }
      />
      {url.offer === 'new' && <OfferEditor key="new" offer={null} onClose={() => setUrl({ offer: '' })} />}
      {open && <OfferEditor key={open.id} offer={open} onClose={() => setUrl({ offer: '' })} />}
    </Page>
  )
}
