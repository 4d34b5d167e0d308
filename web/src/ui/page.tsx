import { CircleAlert, Lock } from 'lucide-react'
import { useEffect, useState, type ReactNode } from 'react'
import { ApiError } from '../lib/api.ts'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import { TextButton } from './button.tsx'
import { EmptyArt } from './empty-art.tsx'

/** Title, subtitle, actions, content of one page. `narrow` is for forms (640 px). */
export function Page({
  title,
  subtitle,
  actions,
  back,
  narrow = false,
  children,
}: {
  title: string
  subtitle?: ReactNode
  actions?: ReactNode
  back?: ReactNode
  narrow?: boolean
  children: ReactNode
}) {
  useEffect(() => {
    document.title = `${title} · Liquor Agent`
  }, [title])
  return (
    <div className={cx('mx-auto px-4 pb-16 md:px-6', narrow ? 'max-w-[688px]' : 'max-w-[1288px]')}>
      {back && <p className="pt-4 text-sm">{back}</p>}
      <div className={cx('flex flex-wrap items-end gap-x-4 gap-y-3 pb-5', back ? 'pt-2' : 'pt-6')}>
        <div className="min-w-0 flex-1 basis-60">
          <h1 className="title">{title}</h1>
          {subtitle && <div className="text-ink-2">{subtitle}</div>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </div>
      {children}
    </div>
  )
}

/** A grey box of the final size of what is loading. */
export function Skeleton({ className }: { className?: string }) {
  return <div className={cx('skeleton', className ?? 'h-5 w-40')} aria-hidden />
}

interface QueryLike<T> {
  data: T | undefined
  isPending: boolean
  isError: boolean
  isFetching: boolean
  error: unknown
  refetch: () => unknown
}

/**
 * Shows a query in all its states: skeleton (after 10 s it says so), refusal or failure with "Load again", and the
 * data, which stays on screen while a newer one loads. `what` names it: "The dashboard".
 */
export function QueryFrame<T>({
  query,
  what,
  skeleton,
  children,
}: {
  query: QueryLike<T>
  what: string
  skeleton: ReactNode
  children: (data: T) => ReactNode
}) {
  if (query.data !== undefined) {
    return (
      <div aria-busy={query.isFetching || undefined} className="min-w-0">
        {query.isError && <StaleNote what={what} retry={query.refetch} />}
        {children(query.data)}
      </div>
    )
  }
  if (query.isError) return <Failed what={what} error={query.error} retry={query.refetch} />
  return <Loading what={what}>{skeleton}</Loading>
}

function StaleNote({ what, retry }: { what: string; retry: () => unknown }) {
  return (
    <p role="status" className="mb-3 text-sm text-warn">
      {t('{what} could not be brought up to date; this is what was last known.', { what })}{' '}
      <TextButton onClick={() => void retry()}>{t('Load again')}</TextButton>
    </p>
  )
}

/** A skeleton that names what it waits for. */
export function Loading({ what, children }: { what: string; children: ReactNode }) {
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 10_000)
    return () => clearTimeout(timer)
  }, [])
  return (
    <div aria-busy="true">
      <p role="status" className={slow ? 'pb-2 text-sm text-ink-2' : 'sr-only'}>
        {slow ? t('{what} takes longer than usual. Still waiting for the server.', { what }) : t('Loading')}
      </p>
      {children}
    </div>
  )
}

/** What failed and what to do, inside its own panel. */
export function Failed({ what, error, retry }: { what: string; error: unknown; retry?: () => unknown }) {
  const refused = error instanceof ApiError && error.status === 403
  const Icon = refused ? Lock : CircleAlert
  return (
    <div className="flex gap-3 p-4">
      <Icon className={cx('mt-0.5 size-4 shrink-0', refused ? 'text-ink-2' : 'text-risk')} aria-hidden />
      <div role="alert">
        <p className="font-medium">
          {refused ? t('{what} is not for your role.', { what }) : t('{what} did not load.', { what })}
        </p>
        <p className="text-ink-2">
          {error instanceof ApiError ? error.message : t('The page met something it did not expect.')}
        </p>
        {error instanceof ApiError && error.requestId && error.status >= 500 && (
          <p className="text-sm text-ink-2">{t('Request {id}', { id: error.requestId })}</p>
        )}
        {!refused && retry && (
          <TextButton className="mt-1 font-medium" onClick={() => void retry()}>
            {t('Load again')}
          </TextButton>
        )}
      </div>
    </div>
  )
}

/** Nothing yet (`shelf`, with one action) or nothing matches (`none`, with "Clear filters"). */
export function Empty({
  kind = 'shelf',
  title,
  children,
  action,
}: {
  kind?: 'shelf' | 'none'
  title: string
  children?: ReactNode
  action?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center gap-3 px-4 py-10 text-center">
      <EmptyArt kind={kind} />
      <div className="max-w-sm">
        <p className="font-semibold">{title}</p>
        {children && <div className="text-ink-2">{children}</div>}
      </div>
      {action}
    </div>
  )
}
