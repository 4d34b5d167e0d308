import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { cx } from '../../lib/cx.ts'
import type { ReplyOf } from '../../lib/api.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextButton, TextLink } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { ApiKeyDialog } from './api-key-dialog.tsx'
import { EditKeyDialog } from './edit-key-dialog.tsx'
import { SettingsFrame } from './settings-frame.tsx'

export type ApiKey = ReplyOf<'GET /api/v1/api-keys'>['data'][number]

/** Keys of programs: what each may do, when it was last used, and how to end it. */
export default function ApiKeysPage() {
  const admin = useMay('admin')
  const query = useApi('GET /api/v1/api-keys', undefined, { enabled: admin })
  const [adding, setAdding] = useState(false)
  const [all, setAll] = useState(false)
  const add = (
    <Button look="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {t('New key')}
    </Button>
  )
  return (
    <SettingsFrame>
      {admin && (
        <QueryFrame query={query} what={t('The API keys')} skeleton={<Skeleton className="h-60" />}>
          {({ data }) => {
            const shown = all ? data : data.filter((k) => k.state === 'active')
            const ended = data.length - data.filter((k) => k.state === 'active').length
            return (
              <Panel
                title={t('API keys')}
                flush
                detail={
                  <>
                    {t('For tills and programs that send orders or read figures.')}{' '}
                    <TextLink to="/docs">{t('All endpoints')}</TextLink>
                  </>
                }
                actions={data.length > 0 ? add : undefined}
              >
                {shown.length === 0 && (
                  <Empty
                    kind={data.length > 0 ? 'none' : 'shelf'}
                    title={data.length > 0 ? t('No key is active') : t('No key yet')}
                    action={data.length === 0 ? add : undefined}
                  >
                    {t('A key opens only what it is made for, and ends when you say so.')}
                  </Empty>
                )}
                <ul>
                  {shown.map((key) => (
                    <KeyRow key={key.id} apiKey={key} />
                  ))}
                </ul>
                {ended > 0 && (
                  <p className="border-t border-line px-4 py-2.5 text-sm">
                    <TextButton onClick={() => setAll(!all)}>
                      {all
                        ? t('Hide the ended ones')
                        : t('{n, plural, one {Show # ended key} other {Show # ended keys}}', { n: ended })}
                    </TextButton>
                  </p>
                )}
              </Panel>
            )
          }}
        </QueryFrame>
      )}
      {adding && <ApiKeyDialog onClose={() => setAdding(false)} />}
    </SettingsFrame>
  )
}

function KeyRow({ apiKey }: { apiKey: ApiKey }) {
  const revoke = useSend('DELETE /api/v1/api-keys/:id', {
    refresh: ['GET /api/v1/api-keys'],
    onDone: () => toast(t('{name} is revoked', { name: apiKey.name })),
  })
  const ask = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Revoke {name}?', { name: apiKey.name }),
      body: t('Whatever uses this key is refused from this moment on. It cannot be brought back; make a new one.'),
      action: t('Revoke {name}', { name: apiKey.name }),
      tone: 'risk',
    })
    if (yes) revoke.mutate({ params: { id: apiKey.id } })
  }
  const active = apiKey.state === 'active'
  const [editing, setEditing] = useState(false)
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-1 border-t border-line px-4 py-3">
      <KeyRound className="mt-0.5 size-4 shrink-0 text-ink-2" aria-hidden />
      <div className="min-w-0 flex-1 basis-40">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium wrap-anywhere">{apiKey.name}</span>
          <code className="text-sm text-ink-2">{apiKey.prefix}…</code>
          {!active && <Pill tone="warn">{apiKey.state === 'revoked' ? t('Revoked') : t('Expired')}</Pill>}
        </p>
        <p className="mt-1 flex flex-wrap gap-1">
          {apiKey.scopes.map((scope) => (
            <Pill key={scope}>{scope}</Pill>
          ))}
        </p>
        <p className="mt-1 text-sm text-ink-2">
          {apiKey.last_used_at ? (
            <>
              {t('Last used')} <Time at={apiKey.last_used_at} look="ago" />
            </>
          ) : (
            t('Never used')
          )}
          {' · '}
          {apiKey.expires_at ? (
            <>
              {active ? t('ends') : t('ended')} <Time at={apiKey.expires_at} look="date" />
            </>
          ) : (
            t('no end')
          )}
          {apiKey.created_by_name && ` · ${t('made by {name}', { name: apiKey.created_by_name })}`}
        </p>
        {active && <Use apiKey={apiKey} />}
      </div>
      {active && (
        <Button
          look="quiet"
          size="sm"
          aria-label={t('Edit {name}', { name: apiKey.name })}
          onClick={() => setEditing(true)}
        >
          {t('Edit')}
        </Button>
      )}
      {active && (
        <Button
          look="quiet"
          size="sm"
          busy={revoke.isPending}
          aria-label={t('Revoke {name}', { name: apiKey.name })}
          onClick={() => void ask()}
        >
          {t('Revoke')}
        </Button>
      )}
      {editing && <EditKeyDialog apiKey={apiKey} onClose={() => setEditing(false)} />}
    </li>
  )
}

/** How much of what it may ask a key asked today, and whether that comes near its end. */
function Use({ apiKey: { quota_per_minute: perMinute, quota_per_day: perDay, used_today: used } }: { apiKey: ApiKey }) {
  const share = perDay === null ? 0 : used / perDay
  return (
    <p className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-sm text-ink-2">
      <span>
        {perDay === null
          ? t('{used} requests today', { used: count(used) })
          : t('{used} of {most} requests today', { used: count(used), most: count(perDay) })}
        {' · '}
        {t('up to {n} a minute', { n: count(perMinute) })}
      </span>
      {perDay !== null && (
        <span className="block h-1.5 w-24 overflow-hidden rounded-sm bg-sunken" aria-hidden>
          <span
            className={cx('block h-full', share >= 1 ? 'bg-risk' : share >= 0.8 ? 'bg-warn' : 'bg-c1')}
            style={{ width: `${Math.min(1, share) * 100}%` }}
          />
        </span>
      )}
      {share >= 1 && <Pill tone="risk">{t('Used up until midnight UTC')}</Pill>}
    </p>
  )
}
