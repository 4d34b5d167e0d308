import { Laptop, Smartphone } from 'lucide-react'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'

type SignedIn = ReplyOf<'GET /api/v1/users/me/sessions'>['data'][number]
const sessions = 'GET /api/v1/users/me/sessions'

/** Where one is signed in, and the way to end each. */
export function SessionsPanel() {
  const query = useApi(sessions, undefined, { staleMs: 0 })
  const endOthers = useSend('DELETE /api/v1/users/me/sessions', {
    refresh: [sessions],
    onDone: ({ ended }) =>
      toast(t('{n, plural, one {# browser is signed out} other {# browsers are signed out}}', { n: ended })),
  })
  const others = (query.data?.data.length ?? 0) - 1
  return (
    <Panel
      title={t('Where you are signed in')}
      detail={t('A browser that was not used for two weeks signs itself out.')}
      flush
      actions={
        others > 0 ? (
          <Button size="sm" busy={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {t('Sign out the others')}
          </Button>
        ) : undefined
      }
    >
      <QueryFrame query={query} what={t('Your sessions')} skeleton={<Skeleton className="m-4 h-16" />}>
        {({ data }) => (
          <ul>
            {data.map((session) => (
              <SessionRow key={session.id} session={session} />
            ))}
          </ul>
        )}
      </QueryFrame>
    </Panel>
  )
}

function SessionRow({ session }: { session: SignedIn }) {
  const end = useSend('DELETE /api/v1/users/me/sessions/:id', {
    refresh: [sessions],
    onDone: () => toast(t('Signed out there')),
  })
  const name = browserOf(session.user_agent)
  const Icon = /iphone|android|mobile/i.test(session.user_agent ?? '') ? Smartphone : Laptop
  return (
    <li className="flex items-start gap-3 border-t border-line px-4 py-3">
      <Icon className="mt-0.5 size-4 shrink-0 text-ink-2" aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
          {name}
          {session.is_this && <Pill tone="good">{t('This browser')}</Pill>}
        </p>
        <p className="text-sm text-ink-2">
          {session.ip && `${session.ip} · `}
          {t('used')} <Time at={session.last_seen_at} look="ago" /> · {t('since')}{' '}
          <Time at={session.created_at} look="date" />
        </p>
      </div>
      {!session.is_this && (
        <Button
          look="quiet"
          size="sm"
          busy={end.isPending}
          aria-label={t('Sign out {name}', { name })}
          onClick={() => end.mutate({ params: { id: session.id } })}
        >
          {t('Sign out')}
        </Button>
      )}
    </li>
  )
}

/** Good enough to tell one's browsers apart; what it cannot name it calls a program. */
function browserOf(agent: string | null): string {
  const browser = [
    [/Edg\//, 'Edge'],
    [/OPR\//, 'Opera'],
    [/Firefox\//, 'Firefox'],
    [/Chrome\//, 'Chrome'],
    [/Safari\//, 'Safari'],
  ].find(([pattern]) => (pattern as RegExp).test(agent ?? ''))?.[1] as string | undefined
  const system = [
    [/Windows/, 'Windows'],
    [/iPhone|iPad/, 'iOS'],
    [/Android/, 'Android'],
    [/Mac OS/, 'macOS'],
    [/Linux/, 'Linux'],
  ].find(([pattern]) => (pattern as RegExp).test(agent ?? ''))?.[1] as string | undefined
  if (!browser) return t('A program')
  return system ? t('{browser} on {system}', { browser, system }) : browser
}
