import { Plus, Upload } from 'lucide-react'
import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useRowKeys } from '../../lib/row-keys.ts'
import { useMay } from '../../lib/session.ts'
import { choice, flag, tableParams, text, useUrl } from '../../lib/url.ts'
import { useWide } from '../../lib/use-wide.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { Checkbox, SearchBox, Select } from '../../ui/field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { ShareBars } from '../../ui/share-bars.tsx'
import { DataTable, type Column } from '../../ui/table.tsx'
import { Time } from '../../ui/time.tsx'
import { ProductDrawer } from './product-drawer.tsx'
import { departments, departmentWord, sizeWord, type ProductRow } from './product-words.ts'

const spec = {
  ...tableParams('name'),
  q: text(),
  department: choice(['', ...departments], ''),
  category: text(),
  stock: choice(['', 'in', 'low', 'out', 'uncounted'], ''),
  nocost: flag(),
  gone: flag(),
  /** the product whose drawer is open, or `new` */
  edit: text(),
}

const dash = <span className="text-ink-2">–</span>
const columns: Column<ProductRow>[] = [
  {
    id: 'name',
    header: t('Product'),
    sortable: true,
    hide: false,
    phone: 'title',
    cell: (p) => (
      <span className="inline-flex max-w-80 items-center gap-2">
        <span className="truncate">{p.name}</span>
        {!p.is_active && <Pill>{t('No longer sold')}</Pill>}
      </span>
    ),
  },
  { id: 'sku', header: t('Number'), sortable: true, phone: 'none', cell: (p) => p.sku },
  { id: 'brand', header: t('Brand'), sortable: true, phone: 'none', hide: 'off', cell: (p) => p.brand ?? dash },
  { id: 'category', header: t('Category'), sortable: true, cell: (p) => p.category },
  { id: 'department', header: t('Department'), phone: 'none', hide: 'off', cell: (p) => departmentWord(p.department) },
  {
    id: 'size',
    header: t('Size'),
    align: 'right',
    phone: 'none',
    cell: (p) => (p.size_ml === null ? dash : sizeWord(p.size_ml)),
  },
  {
    id: 'price',
    header: t('Price'),
    sortable: true,
    align: 'right',
    phone: 'aside',
    cell: (p) => money(p.price_cents, true),
  },
  {
    id: 'cost',
    header: t('Cost'),
    sortable: true,
    align: 'right',
    phone: 'none',
    cell: (p) => (p.unit_cost_cents === null ? dash : money(p.unit_cost_cents, true)),
  },
  {
    id: 'margin',
    header: t('Margin'),
    sortable: true,
    align: 'right',
    phone: 'none',
    cell: (p) => (p.margin_share === null ? dash : percent(p.margin_share, 0)),
  },
  { id: 'stock', header: t('Stock'), sortable: true, align: 'right', cell: (p) => <Stock product={p} /> },
  {
    id: 'updated_at',
    header: t('Changed'),
    sortable: true,
    phone: 'none',
    hide: 'off',
    cell: (p) => <Time at={p.updated_at} look="ago" />,
  },
]

function Stock({ product: { stock } }: { product: ProductRow }) {
  if (stock === null) return <span className="text-ink-2">{t('not counted')}</span>
  if (stock <= 0) return <Pill tone="risk">{t('none left')}</Pill>
  if (stock <= 5) return <Pill tone="warn">{t('{n} left', { n: stock })}</Pill>
  return (
    <>
      {count(stock)}
      <span className="sm:hidden"> {t('in stock')}</span>
    </>
  )
}

/** The shelf: what is sold, at which price and cost, and how many are left. */
export default function ProductsPage() {
  const may = useMay('manager')
  const [url, setUrl] = useUrl(spec)
  const query = useApi('GET /api/v1/products', {
    query: {
      page: url.page,
      page_size: url.size,
      sort: url.sort || undefined,
      q: url.q || undefined,
      department: url.department || undefined,
      category: url.category || undefined,
      stock: url.stock || undefined,
      has_cost: url.nocost ? 'false' : undefined,
      is_active: url.gone ? 'false' : 'true',
    },
  })
  useRowKeys()
  const filtered =
    url.q !== '' || url.department !== '' || url.category !== '' || url.stock !== '' || url.nocost || url.gone
  const add = may && (
    <Button look="primary" onClick={() => setUrl({ edit: 'new', page: url.page }, { push: true })}>
      <Plus aria-hidden />
      {t('Add a product')}
    </Button>
  )
  const close = (): void => setUrl({ edit: '', page: url.page })
  return (
    <Page
      title={t('Products')}
      subtitle={
        query.data &&
        (filtered
          ? t('{total, plural, one {# product matches} other {# products match}}', { total: query.data.total })
          : t('{total, plural, one {# product} other {# products}} for sale', { total: query.data.total }))
      }
      actions={
        may && (
          <>
            <LinkButton to="/customers/import" search={{ kind: 'products' }}>
              <Upload aria-hidden />
              {t('Import')}
            </LinkButton>
            {add}
          </>
        )
      }
    >
      <div className="grid items-start gap-5 lg:grid-cols-[248px_minmax(0,1fr)]">
        <Shelves
          chosen={url.category}
          onChoose={(category) => setUrl({ category: category === url.category ? '' : category })}
        />
        <DataTable
          label={t('Products')}
          keep="products"
          columns={columns}
          rowId={(p) => p.id}
          rowName={(p) => p.name}
          query={query}
          url={url}
          setUrl={setUrl}
          onOpen={(p) => setUrl({ edit: p.id, page: url.page }, { push: true })}
          tools={
            <>
              <SearchBox
                value={url.q}
                onChange={(q) => setUrl({ q })}
                label={t('Search name, number or brand')}
                placeholder={t('Name, number, brand')}
                className="w-full sm:w-60"
              />
              <Select
                label={t('Department')}
                value={url.department}
                onChange={(e) => setUrl({ department: e.target.value as typeof url.department })}
                className="w-[calc(50%-4px)] sm:w-40"
                options={[
                  { value: '', label: t('All departments') },
                  ...departments.map((d) => ({ value: d, label: departmentWord(d) })),
                ]}
              />
              <Select
                label={t('Stock')}
                value={url.stock}
                onChange={(e) => setUrl({ stock: e.target.value as typeof url.stock })}
                className="w-[calc(50%-4px)] sm:w-36"
                options={[
                  { value: '', label: t('Any stock') },
                  { value: 'in', label: t('In stock') },
                  { value: 'low', label: t('Five or fewer') },
                  { value: 'out', label: t('None left') },
                  { value: 'uncounted', label: t('Not counted') },
                ]}
              />
              <Checkbox
                label={t('Without cost')}
                checked={url.nocost}
                onChange={(e) => setUrl({ nocost: e.target.checked })}
              />
              <Checkbox
                label={t('No longer sold')}
                checked={url.gone}
                onChange={(e) => setUrl({ gone: e.target.checked })}
              />
            </>
          }
          empty={
            filtered ? (
              <Empty
                kind="none"
                title={t('No product matches')}
                action={
                  <Button
                    onClick={() =>
                      setUrl({ q: '', department: '', category: '', stock: '', nocost: false, gone: false })
                    }
                  >
                    {t('Clear filters')}
                  </Button>
                }
              >
                {t('Take a filter away or search for a part of the name.')}
              </Empty>
            ) : (
              <Empty title={t('No products yet')} action={add}>
                {t(
                  'Import the catalog of your till, or an export of orders: it brings its products along. Cost and stock make plans better.',
                )}
              </Empty>
            )
          }
        />
      </div>
      {url.edit !== '' && <ProductDrawer key={url.edit} id={url.edit} onClose={close} />}
    </Page>
  )
}

/** How the products divide into categories; pressing one filters the table. */
function Shelves({ chosen, onChoose }: { chosen: string; onChoose: (category: string) => void }) {
  const query = useApi('GET /api/v1/products/facets', undefined, { staleMs: 60_000 })
  const narrow = !useWide(1024)
  const shares = (
    <QueryFrame query={query} what={t('The categories')} skeleton={<Skeleton className="h-60 w-full" />}>
      {({ categories }) =>
        categories.length === 0 ? (
          <p className="text-ink-2">{t('No product is for sale yet.')}</p>
        ) : (
          <ShareBars
            label={t('Categories by number of products')}
            items={categories.slice(0, 14).map((c) => ({ id: c.value, label: c.value, value: c.products }))}
            total={categories.reduce((sum, c) => sum + c.products, 0)}
            chosen={chosen}
            onChoose={onChoose}
          />
        )
      }
    </QueryFrame>
  )
  if (narrow) {
    return (
      <details className="rounded-lg border border-line bg-surface">
        <summary className="flex min-h-11 items-center px-4 font-semibold">{t('Categories')}</summary>
        <div className="px-4 pb-4">{shares}</div>
      </details>
    )
  }
  return (
    <Panel title={t('Categories')} detail={t('Press one to filter')}>
      {shares}
    </Panel>
  )
}
