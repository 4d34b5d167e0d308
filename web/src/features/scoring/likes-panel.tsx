import { count, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'

const kinds: Record<string, [string, 'good' | 'info' | 'neutral']> = {
  again: ['Due again', 'good'],
  goes_with: ['Goes with', 'info'],
  popular: ['Sells well', 'neutral'],
}
const names: Record<string, string> = {
  value: 'cheaper bottles',
  standard: 'usual prices',
  premium: 'above the usual price',
  super_premium: 'twice the usual price and more',
  luxury: 'the most expensive bottles',
  small: 'small bottles',
  bottle: 'the usual bottle',
  large: 'a litre and more',
  bulk: '1.75 litres and more',
  holiday: 'around holidays',
  weekend: 'Friday to Sunday',
  weeknight: 'weeknights',
  weekday: 'by day in the week',
  email: 'email',
  sms: 'text messages',
}

/** Products worth showing to this customer, and what they like against the whole shop. */
export function LikesPanel({ customerId }: { customerId: string }) {
  const params = { id: customerId }
  const products = useApi('GET /api/v1/customers/:id/recommendations', { params, query: { limit: 5 } })
  const likes = useApi('GET /api/v1/customers/:id/affinities', { params })
  return (
    <Panel title={t('What to show them')}>
      <QueryFrame query={products} what={t('The recommendations')} skeleton={<Skeleton className="h-24 w-full" />}>
        {({ data, note }) => (
          <>
            {note && <p className="text-ink-2">{note}</p>}
            <ol className="space-y-2">
              {data.map((p) => {
                const [word, tone] = kinds[p.kind] ?? [p.kind, 'neutral']
                return (
                  <li key={p.product_id} className="flex flex-wrap items-baseline gap-x-2">
                    <span className="min-w-0 flex-1 basis-48 font-medium">{p.name}</span>
                    <Pill tone={tone}>{t(word)}</Pill>
                    <span>{money(p.price_cents, true)}</span>
                    <span className="basis-full text-sm text-ink-2">
                      {p.reason}
                      {p.stock !== null && `; ${t('{n} in stock', { n: count(p.stock) })}`}
                    </span>
                  </li>
                )
              })}
            </ol>
          </>
        )}
      </QueryFrame>
      <QueryFrame query={likes} what={t('What they like')} skeleton={<Skeleton className="mt-4 h-24 w-full" />}>
        {(a) => (
          <dl className="mt-4 grid gap-x-8 gap-y-3 border-t border-line pt-3 text-sm sm:grid-cols-2">
            <Shares title={t('Categories')} items={a.categories} />
            <Shares title={t('Brands')} items={a.brands} />
            {a.weight > 0 && (
              <>
                <Shares title={t('Price')} items={a.price_tiers} />
                <Shares title={t('Size')} items={a.sizes} />
              </>
            )}
            <Shares title={t('Occasion')} items={a.occasions} />
            {[...a.offers, ...a.channels].some((x) => x.lift >= 1.3) && (
              <div>
                <dt className="text-ink-2">{t('Answers more than others')}</dt>
                <dd>
                  {[...a.offers, ...a.channels]
                    .filter((x) => x.lift >= 1.3)
                    .map((x) =>
                      t('{name} ({n} of {all})', {
                        name: t(names[x.name] ?? x.name.replaceAll('_', ' ')),
                        n: x.answered,
                        all: x.delivered,
                      }),
                    )
                    .join(', ')}
                </dd>
              </div>
            )}
          </dl>
        )}
      </QueryFrame>
    </Panel>
  )
}

/** The three largest shares, with what the whole shop sells beside. */
function Shares({
  title,
  items,
}: {
  title: string
  items: readonly { name: string; share: number; shop_share: number }[]
}) {
  const top = items
    .filter((x) => x.share >= 0.05)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, 3)
  if (top.length === 0) return null
  return (
    <div>
      <dt className="text-ink-2">{title}</dt>
      <dd>
        <ul className="space-y-1 pt-0.5">
          {top.map((x) => (
            <li key={x.name} className="grid grid-cols-[minmax(0,1fr)_5rem_5.5rem] items-center gap-x-2">
              <span className="truncate">{t(names[x.name] ?? x.name)}</span>
              <span aria-hidden className="relative block h-2 rounded-sm bg-sunken">
                <span
                  className="absolute inset-y-0 left-0 rounded-sm bg-c1"
                  style={{ width: `${100 * Math.min(1, x.share)}%` }}
                />
                <span
                  className="absolute -inset-y-0.5 w-0.5 bg-ink"
                  style={{ left: `${100 * Math.min(1, x.shop_share)}%` }}
                />
              </span>
              <span className="text-right">
                {percent(x.share, 0)} <span className="text-ink-2">({percent(x.shop_share, 0)})</span>
              </span>
            </li>
          ))}
        </ul>
      </dd>
    </div>
  )
}
