import { HeartHandshake } from 'lucide-react'
import { count, instant, money, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Figure } from '../../ui/figure.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { toast } from '../../ui/toast.tsx'

/** Whoever carries it is in the segment of the same name; a plan can be made for it. */
const tag = 'win-back'
const name = 'Win-back'
const churn = 'GET /api/v1/analytics/churn'

/** The most valuable customers about to leave, why, and one press to do something about it. */
export function ChurnList() {
  const query = useApi(churn, undefined, { staleMs: 60_000 })
  const may = useMay('manager')
  const segments = useApi('GET /api/v1/segments', { query: { q: name } }, { enabled: may })
  const own = segments.data?.data.find((s) => s.name === name)
  const makeSegment = useSend('POST /api/v1/segments', { refresh: ['GET /api/v1/segments'] })
  const back = useSend('PATCH /api/v1/customers/:id', { refresh: [churn] })
  const add = useSend('PATCH /api/v1/customers/:id', { refresh: [churn] })
  const put = (id: string, who: string, tags: readonly string[]): void => {
    if (segments.data && !own)
      makeSegment.mutate({
        body: {
          name,
          description: t('Customers put here from the list of those about to leave'),
          rules: { field: 'tags', op: 'has_any', value: [tag] },
          recommended_offers: ['percent_off', 'early_access'],
        },
      })
    add.mutate(
      { params: { id }, body: { tags: [...tags, tag] } },
      {
        onSuccess: () =>
          toast(t('{who} is in “Win-back”', { who }), {
            undo: () => back.mutate({ params: { id }, body: { tags: [...tags] } }),
          }),
      },
    )
  }
  return (
    <QueryFrame query={query} what={t('The churn list')} skeleton={<Skeleton className="h-120 w-full" />}>
      {({ at_risk, classes, scored }) => (
        <Figure
          title={t('About to leave')}
          detail={t('Those who spent the most first, with the reasons')}
          flush
          isTable
          actions={
            own && (
              <TextLink to="/segments/$id" params={{ id: own.id }}>
                {t('Win-back: {n}', { n: count(own.customer_count) })}
              </TextLink>
            )
          }
          data={{
            head: [t('Customer'), t('Risk in %'), t('Spent'), t('Last bought'), t('Why')],
            rows: at_risk.map((c) => [
              c.name,
              c.churn_pct,
              c.spent_cents / 100,
              c.last_purchase_at === null ? null : instant(c.last_purchase_at, 'date'),
              c.reasons.join('; '),
            ]),
          }}
        >
          {scored === 0 ? (
            <Empty title={t('Nobody is scored yet')}>{t('Run scoring first.')}</Empty>
          ) : (
            <>
              <p className="flex flex-wrap gap-x-4 gap-y-1 px-4 pb-3 text-sm text-ink-2">
                {classes.map((c) => (
                  <span key={c.risk} className="inline-flex items-center gap-1.5">
                    <Status value={c.risk} /> {count(c.customers)} ({percent(c.share_pct / 100, 0)})
                  </span>
                ))}
              </p>
              <ul>
                {at_risk.slice(0, 8).map((c) => (
                  <li
                    key={c.customer_id}
                    className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-4 py-2"
                  >
                    <span className="min-w-0 flex-1 basis-60">
                      <TextLink to="/customers/$id" params={{ id: c.customer_id }} className="font-medium">
                        {c.name}
                      </TextLink>{' '}
                      <span className="text-sm text-ink-2">
                        {c.last_purchase_at
                          ? t('last bought {when}', { when: instant(c.last_purchase_at, 'date') })
                          : ''}
                      </span>
                      <span className="block text-sm text-ink-2">{c.reasons.join('. ')}</span>
                    </span>
                    <span className="w-20 text-right">
                      <span className="block font-semibold">{money(c.spent_cents)}</span>
                      <span className="block text-sm text-ink-2">{t('{n}% risk', { n: c.churn_pct })}</span>
                    </span>
                    {may &&
                      (c.tags.includes(tag) ? (
                        <Pill tone="good">{t('In win-back')}</Pill>
                      ) : (
                        <Button
                          size="sm"
                          aria-label={t('Add {who} to win-back', { who: c.name })}
                          disabled={add.isPending}
                          onClick={() => put(c.customer_id, c.name, c.tags)}
                        >
                          <HeartHandshake aria-hidden />
                          {t('Add to win-back')}
                        </Button>
                      ))}
                  </li>
                ))}
              </ul>
            </>
          )}
        </Figure>
      )}
    </QueryFrame>
  )
}
