import { Bell } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { noticeWords } from '#core/notices.ts'
import type { ReplyOf } from '../lib/api.ts'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import { useLive } from '../lib/live.ts'
import { refresh, useApi } from '../lib/query.ts'
import { buttonLook } from '../ui/button.tsx'
import { toastNotice } from '../ui/toast.tsx'

type Notice = ReplyOf<'GET /api/v1/notices'>['data'][number]
const NoticeDrawer = lazy(() => import('./notice-drawer.tsx'))
/** A socket that comes back brings a little of what was seen already. */
const seen = new Set<string>()

/** The bell with the number of notices that were not read; what is grave is also said at once. */
export function NoticeBell() {
  const [open, setOpen] = useState(false)
  const { data } = useApi('GET /api/v1/notices', { query: { page_size: 1 } }, { staleMs: 60_000 })
  useLive('/ws/notifications', (event) => {
    if (event.topic === 'notices.cut') return void refresh('GET /api/v1/notices')
    if (event.topic !== 'notice') return
    const notice = event['notice'] as Notice
    if (seen.has(notice.id)) return
    seen.add(notice.id)
    void refresh('GET /api/v1/notices')
    if (notice.level !== 'warn' && notice.level !== 'risk') return
    const { text, values } = noticeWords(notice.kind, notice.facts)
    toastNotice(t(text, values))
  })
  const unread = data?.unread ?? 0
  const shown = unread > 99 ? '99+' : String(unread)
  return (
    <>
      <button
        type="button"
        onClick={() => setOpen(true)}
        title={t('Notices')}
        className={cx(buttonLook({ look: 'quiet', size: 'icon' }), 'relative')}
      >
        <Bell aria-hidden />
        <span className="sr-only">
          {unread === 0
            ? t('Notices')
            : t('{n, plural, one {# notice to read} other {# notices to read}}', { n: unread })}
        </span>
        {unread > 0 && (
          <span
            aria-hidden
            className="absolute right-0.5 top-0.5 grid h-4 min-w-4 place-items-center rounded-full bg-primary px-1 text-[11px] font-semibold leading-none text-on-primary"
          >
            {shown}
          </span>
        )}
      </button>
      {open && (
        <Suspense>
          <NoticeDrawer onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}
