import { useNavigate } from '@tanstack/react-router'
import { Ban, Download, EllipsisVertical, FileDown, Shapes, SlidersHorizontal, Tags, Upload } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useHotkeys } from '../../lib/hotkeys.ts'
import { t } from '../../lib/i18n.ts'
import { usePreferences } from '../../lib/preferences.ts'
import { useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { useMay } from '../../lib/session.ts'
import { useUrl } from '../../lib/url.ts'
import { Button, IconButton, LinkButton } from '../../ui/button.tsx'
import { SearchBox } from '../../ui/field.tsx'
import { Menu } from '../../ui/menu.tsx'
import { Empty, Page } from '../../ui/page.tsx'
import { DataTable } from '../../ui/table.tsx'
import { BulkBar } from './bulk-bar.tsx'
import { startBulk, type Whom } from './bulk-start.ts'
import { customerColumns } from './customer-columns.tsx'
import { customerUrl, filterKey, filterOf, filtersOff, type ChangeUrl } from './customer-url.ts'
import { customerName } from './customer-words.ts'
import { chipsOf, FilterChips } from './filter-chips.tsx'
import { FilterForm } from './filter-form.tsx'
import { SegmentShares } from './segment-shares.tsx'
import { ViewsBar } from './views-bar.tsx'

const BulkDialog = lazy(() => import('./bulk-dialog.tsx'))
const SegmentDialog = lazy(() => import('./segment-dialog.tsx'))
// Who sees addresses masked may not order by them either.
const maskedColumns = customerColumns.map((c) => (c.id === 'email' ? { ...c, sortable: false } : c))
const usual = customerColumns.filter((c) => c.hide !== 'off').map((c) => c.id)

/** All customers: saved views, search, filters and order in the address, what can be done with many of them. */
export default function CustomersPage() {
  const navigate = useNavigate()
  const may = useMay('manager')
  const [url, setUrl] = useUrl(customerUrl)
  const filter = filterOf(url)
  const query = useApi('GET /api/v1/customers', {
    query: { ...filter, page: url.page, page_size: url.size, sort: url.sort || undefined } as never,
  })
  const [open, setOpen] = useState(false)
  const [dialog, setDialog] = useState<'export' | 'segment' | null>(null)
  const chosenColumns = usePreferences((p) => p.tables?.['customers']?.columns)
  const columns = [...new Set(['name', ...(url.cols.length > 0 ? url.cols : (chosenColumns ?? usual))])]
  const chips = chipsOf(url)
  const filtered = chips.length > 0 || url.q !== ''
  useRowKeys()
  useHotkeys({ f: () => setOpen((o) => !o) })
  const importButton = may && (
    <LinkButton to="/customers/import" look="primary">
      <Upload aria-hidden />
      {t('Import')}
    </LinkButton>
  )
  const everybody: Whom = {
    filter,
    count: query.data?.total ?? 0,
    isExact: query.data?.total_is_exact !== false,
  }
  return (
    <Page
      title={t('Customers')}
      subtitle={
        query.data &&
        (filtered
          ? t('{total, plural, one {# customer matches} other {# customers match}}', { total: query.data.total })
          : t('{total, plural, one {# customer} other {# customers}}', { total: query.data.total }))
      }
      actions={
        <>
          <Menu
            trigger={
              <IconButton icon={EllipsisVertical} label={t('More about customers')} look="outline" size="icon" />
            }
            items={[
              { label: t('Export this list'), icon: Download, onSelect: () => setDialog('export') },
              'separator',
              { label: t('Do-not-contact list'), icon: Ban, to: '/customers/do-not-contact' },
              { label: t('Tags'), icon: Tags, to: '/customers/tags' },
              { label: t('Exports'), icon: FileDown, to: '/customers/exports' },
            ]}
          />
          {importButton}
        </>
      }
    >
      <ViewsBar url={url} setUrl={setUrl} filtered={filtered} columns={columns} />
      <div className="grid items-start gap-5 lg:grid-cols-[248px_minmax(0,1fr)]">
        <SegmentShares
          chosen={url.segment}
          onChoose={(segment) =>
            setUrl({
              segment: url.segment.includes(segment)
                ? url.segment.filter((s) => s !== segment)
                : [...url.segment, segment],
            })
          }
        />
        <div className="min-w-0">
          <FilterChips url={url} setUrl={setUrl} />
          {open && (
            <div id="customer-filters" className="mb-3">
              <FilterForm url={url} setUrl={setUrl} />
            </div>
          )}
          <DataTable
            label={t('Customers')}
            keep="customers"
            columns={may ? customerColumns : maskedColumns}
            rowId={(c) => c.id}
            rowName={customerName}
            query={query}
            url={url}
            setUrl={setUrl}
            onOpen={(c) => void navigate({ to: '/customers/$id', params: { id: c.id } } as never)}
            selectionOf={filterKey(filter)}
            renderBulk={(chosen, clear) => <BulkBar chosen={chosen} url={url} columns={columns} clear={clear} />}
            viewColumns={
              url.cols.length > 0
                ? { ids: url.cols, onChange: (ids) => setUrl({ cols: ids ?? [], page: url.page }) }
                : undefined
            }
            tools={
              <>
                <SearchBox
                  value={url.q}
                  onChange={(q) => setUrl({ q })}
                  label={t('Search name, email, phone or number')}
                  className="w-full sm:w-72"
                />
                <Button aria-expanded={open} aria-controls="customer-filters" onClick={() => setOpen(!open)}>
                  <SlidersHorizontal aria-hidden />
                  {chips.length > 0 ? t('Filters ({count})', { count: chips.length }) : t('Filters')}
                </Button>
                {may && filtered && (
                  <Button look="quiet" onClick={() => setDialog('segment')}>
                    <Shapes aria-hidden />
                    {t('Make a segment')}
                  </Button>
                )}
              </>
            }
            empty={<NoCustomers filtered={filtered} setUrl={setUrl} action={importButton} />}
          />
        </div>
      </div>
      <Suspense>
        {dialog === 'export' && (
          <BulkDialog
            ask="export"
            whom={everybody}
            columns={columns}
            sort={url.sort}
            onStart={(body) => void startBulk(everybody, body)}
            onClose={() => setDialog(null)}
          />
        )}
        {dialog === 'segment' && <SegmentDialog filter={filter} onClose={() => setDialog(null)} />}
      </Suspense>
    </Page>
  )
}

function NoCustomers({ filtered, setUrl, action }: { filtered: boolean; setUrl: ChangeUrl; action: React.ReactNode }) {
  if (filtered) {
    return (
      <Empty
        kind="none"
        title={t('No customer matches')}
        action={<Button onClick={() => setUrl({ ...filtersOff, view: '' })}>{t('Clear filters')}</Button>}
      >
        {t('Take a filter away or search for a part of the name.')}
      </Empty>
    )
  }
  return (
    <Empty title={t('No customers yet')} action={action}>
      {t('Import the list of your till or web shop. A CSV with names and emails is enough to start.')}
    </Empty>
  )
}
