import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi, useJob, useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'

/** Whether the trail is what was written: its seals, and the last time the whole chain was read. */
export function AuditChain() {
  const query = useApi('GET /api/v1/audit/state', undefined, { every: 30_000 })
  const [job, setJob] = useState<string | null>(null)
  const verify = useSend('POST /api/v1/audit/verify', { onDone: ({ id }) => setJob(id) })
  const running = useJob(job)
  const done = running.data?.finished_at
  const [told, setTold] = useState<string | null>(null)
  if (done && told !== job) {
    setTold(job)
    void refresh('GET /api/v1/audit/state')
  }
  return (
    <Panel
      title={t('Seals')}
      detail={t('Every line is sealed into a chain. A line that was changed, removed or added later breaks it.')}
      actions={
        <Button busy={verify.isPending || (job !== null && !done)} onClick={() => verify.mutate()}>
          {t('Verify now')}
        </Button>
      }
    >
      <QueryFrame query={query} what={t('The seals')} skeleton={<Skeleton className="h-16" />}>
        {(state) => (
          <div className="space-y-3">
            {state.verified?.faults.length ? (
              <Note tone="risk" title={t('The trail was changed outside the product')}>
                <ul>
                  {state.verified.faults.slice(0, 10).map((fault) => (
                    <li key={fault}>{fault}</li>
                  ))}
                </ul>
              </Note>
            ) : null}
            {state.verified?.failed && <Note tone="risk" title={t('The last verification did not finish')} />}
            <Facts
              items={[
                [t('Lines'), count(state.lines)],
                [
                  t('Last seal'),
                  state.last_seal ? (
                    <span key="seal" className="wrap-anywhere">
                      {t('number {n}', { n: count(state.last_seal.number) })},{' '}
                      <Time at={state.last_seal.at} look="ago" />
                      {state.unsealed > 0 && `, ${t('{n} lines wait', { n: count(state.unsealed) })}`}
                    </span>
                  ) : (
                    t('none yet')
                  ),
                ],
                [
                  t('Verified'),
                  state.verified ? (
                    <span key="verified">
                      <Time at={state.verified.at} look="ago" />
                      {state.verified.faults.length === 0 && `, ${t('nothing was changed')}`}
                    </span>
                  ) : (
                    t('not yet')
                  ),
                ],
              ]}
            />
          </div>
        )}
      </QueryFrame>
    </Panel>
  )
}
