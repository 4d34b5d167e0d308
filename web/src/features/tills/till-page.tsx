import { useNavigate, useParams } from '@tanstack/react-router'
import { cx } from '../../lib/cx.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Facts, Note, Panel } from '../../ui/panel.tsx'
import { Pill, Status } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import { HookLog } from './hook-log.tsx'
import { SecretPanel } from './secret-panel.tsx'
import { Steps } from './steps.tsx'
import { TillForm } from './till-form.tsx'
import { kindWords, readers, type Till } from './till-words.ts'

/** One till: where it posts, its secret, its settings, and what became of what it posted. */
export default function TillPage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useApi('GET /api/v1/integrations/:id', { params: { id } }, { every: 5000 })
  const back = <TextLink to="/settings/tills">{t('Tills and web shops')}</TextLink>
  return (
    <QueryFrame query={query} what={t('The till')} skeleton={<Skeleton className="m-6 h-120" />}>
      {(till) => (
        <Page
          title={till.name}
          back={back}
          subtitle={
            <span className="flex flex-wrap items-center gap-2">
              <Pill>{kindWords[till.kind]}</Pill>
              <State till={till} />
              {till.hooks_parked > 0 && (
                <Pill tone="risk">
                  {t('{n, plural, one {# needs a look} other {# need a look}}', { n: till.hooks_parked })}
                </Pill>
              )}
            </span>
          }
          actions={<Actions till={till} />}
        >
          <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_minmax(320px,400px)]">
            <div className="min-w-0 space-y-5">
              {till.status === 'paused' && (
                <Note tone="warn" title={t('Paused: what arrives is kept and waits')}>
                  {t('Nothing is lost. Resume, and it is worked on in the order in which it came.')}
                </Note>
              )}
              <HookLog till={till} />
            </div>
            <div className={cx('min-w-0 space-y-5', till.hooks_received === 0 && 'max-lg:order-first')}>
              <Panel title={t('Connection')}>
                <div className="space-y-4">
                  <CopyField label={t('Address')} value={till.url} />
                  <Facts
                    items={[
                      [
                        t('Last post'),
                        till.last_received_at ? <Time at={till.last_received_at} look="ago" /> : t('none yet'),
                      ],
                      [t('Posts'), count(till.hooks_received)],
                      ...(till.last_ping_at
                        ? [[t('Test call'), <Time key="ping" at={till.last_ping_at} look="ago" />] as const]
                        : []),
                      ...(till.hooks_refused > 0
                        ? [
                            [
                              t('Refused'),
                              <span key="refused">
                                {t('{n}, the signature did not fit; the last', { n: count(till.hooks_refused) })}{' '}
                                {till.last_refused_at && <Time at={till.last_refused_at} look="ago" />}
                              </span>,
                            ] as const,
                          ]
                        : []),
                      [t('Numbers begin with'), <code key="prefix">{till.prefix}:</code>],
                    ]}
                  />
                  <details>
                    <summary className="cursor-pointer font-medium">{t('How to set it up')}</summary>
                    <div className="pt-3">
                      <Steps till={till} />
                    </div>
                  </details>
                </div>
              </Panel>
              <SecretPanel till={till} />
              <TillForm key={till.updated_at} till={till} />
            </div>
          </div>
        </Page>
      )}
    </QueryFrame>
  )
}

function State({ till }: { till: Till }) {
  if (till.status === 'paused') return <Status value="paused" />
  if (!till.has_secret) return <Pill tone="warn">{t('Secret missing')}</Pill>
  return till.last_received_at ? <Pill tone="good">{t('Connected')}</Pill> : <Pill>{t('Nothing has arrived yet')}</Pill>
}

function Actions({ till }: { till: Till }) {
  const admin = useMay('admin')
  const navigate = useNavigate()
  const change = useSend('PATCH /api/v1/integrations/:id', {
    refresh: readers,
    onDone: ({ status }) => toast(status === 'paused' ? t('Paused; nothing is lost') : t('Running again')),
  })
  const remove = useSend('DELETE /api/v1/integrations/:id', {
    refresh: readers,
    onDone: () => {
      toast(t('{name} is disconnected', { name: till.name }))
      void navigate({ to: '/settings/tills' } as never)
    },
  })
  if (!admin) return null
  const ask = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Disconnect {name}?', { name: till.name }),
      body: t(
        'What it posts is refused from then on, and the log of its posts goes. Its customers and orders stay. Remove its webhooks in the shop as well.',
      ),
      action: t('Disconnect {name}', { name: till.name }),
      tone: 'risk',
    })
    if (yes) remove.mutate({ params: { id: till.id } })
  }
  const paused = till.status === 'paused'
  return (
    <>
      <Button
        busy={change.isPending}
        onClick={() => change.mutate({ params: { id: till.id }, body: { status: paused ? 'active' : 'paused' } })}
      >
        {paused ? t('Resume') : t('Pause')}
      </Button>
      <Button look="quiet" busy={remove.isPending} onClick={() => void ask()}>
        {t('Disconnect')}
      </Button>
    </>
  )
}
