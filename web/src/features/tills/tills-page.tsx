import { Plus, Store as StoreIcon } from 'lucide-react'
import { useState } from 'react'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { SettingsFrame } from '../settings/settings-frame.tsx'
import { ConnectDialog } from './connect-dialog.tsx'
import { kindWords, type Till } from './till-words.ts'

/** Tills and web shops that tell of their orders themselves. */
export default function TillsPage() {
  const admin = useMay('admin')
  const manager = useMay('manager')
  const query = useApi('GET /api/v1/integrations', undefined, { enabled: manager, every: 10_000 })
  const [connecting, setConnecting] = useState(false)
  const connect = (
    <Button look="primary" onClick={() => setConnecting(true)}>
      <Plus aria-hidden />
      {t('Connect')}
    </Button>
  )
  return (
    <SettingsFrame>
      {manager && (
        <QueryFrame query={query} what={t('The tills')} skeleton={<Skeleton className="h-60" />}>
          {({ data }) => (
            <Panel
              title={t('Tills and web shops')}
              flush
              detail={
                <>
                  {t('Their orders and customers arrive by themselves, signed.')}{' '}
                  {t('Any other till can send them with an API key.')}{' '}
                  {admin && <TextLink to="/settings/api-keys">{t('API keys')}</TextLink>}
                </>
              }
              actions={admin && data.length > 0 ? connect : undefined}
            >
              {data.length === 0 ? (
                <Empty title={t('Nothing is connected yet')} action={admin ? connect : undefined}>
                  {t('Connect Shopify or WooCommerce, and each sale is here seconds later: no export, no upload.')}
                </Empty>
              ) : (
                <ul>
                  {data.map((till) => (
                    <TillRow key={till.id} till={till} />
                  ))}
                </ul>
              )}
            </Panel>
          )}
        </QueryFrame>
      )}
      {connecting && <ConnectDialog onClose={() => setConnecting(false)} />}
    </SettingsFrame>
  )
}

function TillRow({ till }: { till: Till }) {
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line px-4 py-3">
      <StoreIcon className="mt-0.5 size-4 shrink-0 text-ink-2" aria-hidden />
      <div className="min-w-0 flex-1 basis-56">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <TextLink to="/settings/tills/$id" params={{ id: till.id }} className="font-medium wrap-anywhere">
            {till.name}
          </TextLink>
          <Pill>{kindWords[till.kind]}</Pill>
          {till.status === 'paused' && <Status value="paused" />}
          {!till.has_secret && <Pill tone="warn">{t('Secret missing')}</Pill>}
        </p>
        <p className="mt-0.5 text-sm text-ink-2">
          {till.last_received_at ? (
            <>
              {t('{n, plural, one {# post} other {# posts}} so far, the last', { n: till.hooks_received })}{' '}
              <Time at={till.last_received_at} look="ago" />
            </>
          ) : (
            t('Nothing has arrived yet')
          )}
        </p>
      </div>
      <span className="flex flex-wrap gap-1">
        {till.hooks_waiting > 0 && <Pill tone="info">{t('{n} waiting', { n: count(till.hooks_waiting) })}</Pill>}
        {till.hooks_parked > 0 && (
          <Pill tone="risk">
            {t('{n, plural, one {# needs a look} other {# need a look}}', { n: till.hooks_parked })}
          </Pill>
        )}
      </span>
    </li>
  )
}
