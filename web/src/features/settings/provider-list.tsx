import { Plus, SearchCheck, Settings2, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { channelReaders, shareOf, type ChannelName, type Kind, type Provider } from './channel-words.ts'
import { ProviderChecks } from './provider-checks.tsx'
import { ProviderDialog } from './provider-dialog.tsx'

/** The providers of a channel with their share and what was last heard from them. */
export function ProviderList({
  channel,
  providers,
  kinds,
  isLive,
}: {
  channel: ChannelName
  providers: readonly Provider[]
  kinds: readonly Kind[]
  isLive: boolean
}) {
  const admin = useMay('admin')
  const manager = useMay('manager')
  const [editing, setEditing] = useState<Provider | 'new' | null>(null)
  const [checking, setChecking] = useState<Provider | null>(null)
  const remove = useSend('DELETE /api/v1/settings/channels/providers/:id', {
    refresh: channelReaders,
    onDone: () => toast(t('Provider removed. Its keys are forgotten.')),
  })
  const ask = async (p: Provider): Promise<void> => {
    const yes = await confirm({
      title: t('Remove {name}?', { name: p.name }),
      body: t(
        'Its keys are deleted. What it sent keeps its name, but reports that still come are refused: switch it off first, and remove it in a few days.',
      ),
      action: t('Remove {name}', { name: p.name }),
      tone: 'risk',
    })
    if (yes) remove.mutate({ params: { id: p.id } })
  }
  return (
    <section aria-label={channel === 'email' ? t('Providers of email') : t('Providers of texts')}>
      {providers.length === 0 ? (
        <p className="text-ink-2">
          {channel === 'email'
            ? t('No provider yet: a mail server, Mailgun, SendGrid, Postmark, Amazon SES or Resend.')
            : t('No provider yet: Twilio, or any gateway that takes texts over HTTP.')}
        </p>
      ) : (
        <ul className="divide-y divide-line border-y border-line">
          {providers.map((p) => (
            <li key={p.id} className="flex flex-wrap items-center gap-x-4 gap-y-2 py-3">
              <Share percent={shareOf(p, providers)} />
              <div className="min-w-0 flex-1 basis-52">
                <p className="flex flex-wrap items-center gap-2">
                  <span className="font-medium">{p.name}</span>
                  <State provider={p} isLive={isLive} />
                </p>
                <p className="text-sm text-ink-2">
                  {kinds.find((k) => k.kind === p.kind)?.name ?? p.kind}
                  {' · '}
                  <code className="text-xs">{p.key}</code>
                  {p.rate_per_minute !== null && ` · ${t('at most {n} a minute', { n: p.rate_per_minute })}`}
                </p>
                <Heard provider={p} />
              </div>
              <div className="flex items-center gap-1">
                {manager && p.channel === 'email' && (
                  <Button size="sm" onClick={() => setChecking(p)}>
                    <SearchCheck aria-hidden />
                    {t('Check domain')}
                  </Button>
                )}
                {admin && (
                  <>
                    <IconButton
                      icon={Settings2}
                      label={t('Settings of {name}', { name: p.name })}
                      onClick={() => setEditing(p)}
                    />
                    <IconButton
                      icon={Trash2}
                      label={t('Remove {name}', { name: p.name })}
                      disabled={remove.isPending}
                      onClick={() => void ask(p)}
                    />
                  </>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {admin && (
        <div className="mt-3">
          <Button size="sm" onClick={() => setEditing('new')}>
            <Plus aria-hidden />
            {t('Add a provider')}
          </Button>
        </div>
      )}
      {editing && (
        <ProviderDialog
          provider={editing === 'new' ? null : editing}
          kinds={kinds.filter((k) => k.channel === channel)}
          onClose={() => setEditing(null)}
        />
      )}
      {checking && <ProviderChecks provider={checking} onClose={() => setChecking(null)} />}
    </section>
  )
}

/** Like a price on the shelf: the share as a figure with a raised sign. */
function Share({ percent }: { percent: number | null }) {
  return (
    <p
      className="w-14 text-right font-semibold tabular-nums text-ink"
      title={percent === null ? undefined : t('Share of the messages')}
    >
      {percent === null ? (
        <span className="text-ink-2" aria-hidden>
          –
        </span>
      ) : (
        <>
          <span className="text-xl">{percent}</span>
          <sup className="ml-0.5 text-xs">%</sup>
        </>
      )}
    </p>
  )
}

function State({ provider, isLive }: { provider: Provider; isLive: boolean }) {
  if (!provider.is_active) return <Pill>{t('Off')}</Pill>
  if (!isLive) return <Pill tone="warn">{t('Waits: sandbox')}</Pill>
  return provider.weight === 0 ? <Pill tone="info">{t('Stand-in')}</Pill> : <Pill tone="good">{t('In use')}</Pill>
}

/** What last came back through its webhook; a refusal only while it is the newest. */
function Heard({ provider: p }: { provider: Provider }) {
  const refusedLast = p.last_refused_at && (!p.last_received_at || p.last_refused_at > p.last_received_at)
  if (refusedLast)
    return (
      <p className="text-sm text-risk">
        {t('A report was refused:')} {p.last_refusal} <Time at={p.last_refused_at!} look="ago" />
      </p>
    )
  if (p.last_received_at)
    return (
      <p className="text-sm text-ink-2">
        {t('Last report')} <Time at={p.last_received_at} look="ago" />
      </p>
    )
  return <p className="text-sm text-ink-2">{t('No report has come back yet.')}</p>
}
