import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useWide } from '../../lib/use-wide.ts'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { ShareBars } from '../../ui/share-bars.tsx'
import { rfmWord } from './customer-words.ts'

/** How the customers divide into segments; pressing one filters the table. */
export function SegmentShares({
  chosen,
  onChoose,
}: {
  chosen: readonly string[]
  onChoose: (segment: string) => void
}) {
  const query = useApi('GET /api/v1/customers/segments', undefined, { staleMs: 60_000 })
  const narrow = !useWide(1024)
  const shares = (
    <QueryFrame
      query={query}
      what={t('The segments')}
      skeleton={
        <div className="space-y-3">
          {rows.map((w) => (
            <Skeleton key={w} className="h-8 w-full" />
          ))}
        </div>
      }
    >
      {(data) => (
        <>
          <ShareBars
            label={t('Segments by number of customers')}
            items={data.data.map((s) => ({ id: s.rfm_segment, label: rfmWord(s.rfm_segment), value: s.customers }))}
            total={data.customers}
            chosen={chosen}
            onChoose={onChoose}
          />
          {data.unscored > 0 && (
            <p className="mt-3 text-sm text-ink-2">
              {t('{count, plural, one {One customer is} other {# customers are}} not scored yet: no purchase known.', {
                count: data.unscored,
              })}
            </p>
          )}
        </>
      )}
    </QueryFrame>
  )
  if (narrow) {
    return (
      <details className="rounded-lg border border-line bg-surface">
        <summary className="flex min-h-11 items-center px-4 font-semibold">{t('Segments')}</summary>
        <div className="px-4 pb-4">{shares}</div>
      </details>
    )
  }
  return (
    <Panel title={t('Segments')} detail={t('Press one to filter')}>
      {shares}
    </Panel>
  )
}
const rows = Array.from({ length: 8 }, (_, i) => i)
