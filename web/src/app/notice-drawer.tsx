import { CircleAlert, CircleCheck, Info, TriangleAlert, type LucideIcon } from 'lucide-react'
import { useState } from 'react'
import { noticeWords } from '#core/notices.ts'
import type { ReplyOf } from '../lib/api.ts'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import { useApi, useSend } from '../lib/query.ts'
import { Button, TextLink } from '../ui/button.tsx'
import { Drawer } from '../ui/dialog.tsx'
import { Empty, QueryFrame, Skeleton } from '../ui/page.tsx'
import { Time } from '../ui/time.tsx'

type Notice = ReplyOf<'GET /api/v1/notices'>['data'][number]
const icons: Record<Notice['level'], [LucideIcon, string]> = {
  info: [Info, 'text-info'],
  good: [CircleCheck, 'text-good'],
  warn: [TriangleAlert, 'text-warn'],
  risk: [CircleAlert, 'text-risk'],
}
const pageSize = 30

/** What happened that somebody should know, newest first; a press leads to it and marks it as read. */
export default function NoticeDrawer({ onClose }: { onClose: () => void }) {
  const [size, setSize] = useState(pageSize)
  const query = useApi('GET /api/v1/notices', { query: { page_size: size } })
  const read = useSend('POST /api/v1/notices/read', { refresh: ['GET /api/v1/notices'] })
  const newest = query.data?.data[0]
  return (
    <Drawer
      open
      onClose={onClose}
      title={t('Notices')}
      description={t('Kept for 60 days.')}
      footer={
        newest && (query.data?.unread ?? 0) > 0 ? (
          <Button busy={read.isPending} onClick={() => read.mutate({ body: { up_to: newest.id } })}>
            {t('Mark all as read')}
          </Button>
        ) : undefined
      }
    >
      <QueryFrame query={query} what={t('The notices')} skeleton={<Skeleton className="h-80" />}>
        {({ data, next_cursor: next }) =>
          data.length === 0 ? (
            <Empty title={t('Nothing to tell')}>
              {t('Imports, campaigns that are done, and what goes wrong appear here.')}
            </Empty>
          ) : (
            <>
              <ul className="-mx-4 -my-4">
                {data.map((notice) => (
                  <Item
                    key={notice.id}
                    notice={notice}
                    onOpen={() => {
                      if (!notice.is_read) read.mutate({ body: { ids: [notice.id] } })
                      onClose()
                    }}
                    onRead={() => read.mutate({ body: { ids: [notice.id] } })}
                  />
                ))}
              </ul>
              {next && size < 100 && (
                <p className="pt-8 text-center">
                  <Button onClick={() => setSize(Math.min(100, size + pageSize))}>{t('Show more')}</Button>
                </p>
              )}
            </>
          )
        }
      </QueryFrame>
    </Drawer>
  )
}

function Item({ notice, onOpen, onRead }: { notice: Notice; onOpen: () => void; onRead: () => void }) {
  const [Icon, tone] = icons[notice.level]
  const { text, values } = noticeWords(notice.kind, notice.facts)
  return (
    <li className={cx('flex gap-3 border-b border-line px-4 py-3', !notice.is_read && 'bg-info-soft/50')}>
      <Icon className={cx('mt-0.5 size-4 shrink-0', tone)} aria-hidden />
      <div className="min-w-0 flex-1">
        <p className={cx('wrap-anywhere', !notice.is_read && 'font-medium')}>
          {!notice.is_read && <span className="sr-only">{t('Not read')}: </span>}
          {t(text, values)}
        </p>
        <p className="flex flex-wrap items-center gap-x-3 text-sm text-ink-2">
          <Time at={notice.created_at} look="ago" />
          {notice.path && (
            <TextLink to={notice.path} onClick={onOpen}>
              {t('Look')}
            </TextLink>
          )}
          {!notice.is_read && (
            <button type="button" className="link" onClick={onRead}>
              {t('Mark as read')}
            </button>
          )}
        </p>
      </div>
    </li>
  )
}
