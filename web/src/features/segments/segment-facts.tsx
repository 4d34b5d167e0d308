import { count, percent } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import type { SegmentDetail } from './segment-page.tsx'

/** What became of a segment: comings and goings, versions, overlap, and who plans with it. */
export function SegmentFacts({
  segment,
  onRestore,
}: {
  segment: SegmentDetail
  onRestore: ((rules: unknown) => void) | null
}) {
  const old = segment.versions.filter((v) => v.version !== segment.version)
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <Panel title={t('Comings and goings')} flush={segment.history.length > 0}>
        {segment.history.length === 0 ? (
          <p className="text-ink-2">{t('Nothing has changed since it was first counted.')}</p>
        ) : (
          <ul>
            {segment.history
              .toReversed()
              .slice(0, 10)
              .map((h) => (
                <li key={h.at} className="flex gap-3 border-t border-line px-4 py-2">
                  <span className="flex-1">
                    <Time at={h.at} />
                  </span>
                  <span className="text-good">+{count(h.entered)}</span>
                  <span className="text-risk">−{count(h.left)}</span>
                  <span className="w-20 text-right font-medium">{count(h.members)}</span>
                </li>
              ))}
          </ul>
        )}
      </Panel>
      <Panel title={t('Shares customers with')}>
        {segment.overlap.length === 0 ? (
          <p className="text-ink-2">{t('No other segment.')}</p>
        ) : (
          <ul className="space-y-1">
            {segment.overlap.map((o) => (
              <li key={o.id} className="flex gap-3">
                <TextLink to="/segments/$id" params={{ id: o.id }} className="min-w-0 flex-1">
                  {o.name}
                </TextLink>
                <span className="font-medium">{count(o.members)}</span>
                <span className="w-12 text-right text-ink-2">{percent(o.share, 0)}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
      <Panel title={t('Used by')}>
        {segment.used_by.length === 0 ? (
          <p className="text-ink-2">{t('No campaign yet.')}</p>
        ) : (
          <ul className="space-y-1">
            {segment.used_by.map((c) => (
              <li key={c.id} className="flex gap-3">
                <TextLink to="/campaigns/$id" params={{ id: c.id }} className="min-w-0 flex-1">
                  {c.name}
                </TextLink>
                <Status value={c.status} />
              </li>
            ))}
          </ul>
        )}
      </Panel>
      {old.length > 0 && (
        <Panel title={t('Earlier versions')}>
          <ul className="space-y-1">
            {old.map((v) => (
              <li key={v.version} className="flex items-center gap-3">
                <span className="min-w-0 flex-1">
                  {t('Version {n}', { n: v.version })}, {v.name}{' '}
                  <span className="text-ink-2">
                    <Time at={v.created_at} look="ago" />
                  </span>
                </span>
                {onRestore && <Button onClick={() => onRestore(v.rules)}>{t('Take it back')}</Button>}
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </div>
  )
}
