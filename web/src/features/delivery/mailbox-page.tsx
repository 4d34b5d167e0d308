import { Inbox, Trash2 } from 'lucide-react'
import { useEffect } from 'react'
import { cx } from '../../lib/cx.ts'
import { count } from '../../lib/format.ts'
import { useHotkeys } from '../../lib/hotkeys.ts'
import { t } from '../../lib/i18n.ts'
import { useLiveRefresh } from '../../lib/live.ts'
import { refresh, useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, flag, text, useUrl, whole } from '../../lib/url.ts'
import { Button, LinkButton, TextButton } from '../../ui/button.tsx'
import { confirm } from '../../ui/confirm.tsx'
import { Checkbox, SearchBox, Select } from '../../ui/field.tsx'
import { Empty, Failed, Loading, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { toast } from '../../ui/toast.tsx'
import { MessageList, RowSkeletons } from './message-list.tsx'
import { messageTabs, MessageView } from './message-view.tsx'

const listEndpoint = 'GET /api/v1/sandbox/messages'
const spec = {
  q: text(),
  channel: choice(['', 'email', 'sms'], ''),
  unread: flag(),
  page: whole(1),
  id: text(),
  send: text(),
  view: choice(messageTabs, 'html'),
}

/** What customers would have got: two panes like a mail app. */
export default function MailboxPage() {
  const [url, setUrl] = useUrl(spec)
  const list = useApi(listEndpoint, {
    query: {
      page: url.page,
      page_size: 50,
      q: url.q || undefined,
      channel: url.channel || undefined,
      unread: url.unread ? 'true' : undefined,
      send_id: url.send || undefined,
    },
  })
  useLiveRefresh('/ws/notifications', [listEndpoint], 2000)
  const rows = list.data?.data ?? []
  // A link from a send shows that one message at once.
  const only = url.send !== '' && url.id === '' ? rows[0]?.id : undefined
  useEffect(() => {
    if (only) setUrl({ id: only })
  }, [only, setUrl])
  const open = (id: string): void => setUrl({ id, page: url.page }, { push: url.id === '' })
  const walk = (step: 1 | -1): void => {
    const at = rows.findIndex((r) => r.id === url.id)
    const next = rows[at === -1 ? 0 : at + step]
    if (next) setUrl({ id: next.id, page: url.page })
  }
  useHotkeys({ j: () => walk(1), k: () => walk(-1), Escape: () => url.id && setUrl({ id: '', page: url.page }) })
  const filtered = url.q !== '' || url.channel !== '' || url.unread || url.send !== ''
  const nothingYet = list.data !== undefined && list.data.total === 0 && !filtered
  return (
    <Page
      title={t('Sandbox mailbox')}
      subtitle={t('Messages of the sandbox channel, as customers would see them. Nothing here left this machine.')}
      actions={<ClearButton total={list.data?.total ?? 0} />}
    >
      {nothingYet ? (
        <div className="rounded-lg border border-line bg-surface">
          <Empty
            title={t('No messages yet')}
            action={
              <LinkButton to="/campaigns" look="primary">
                {t('Go to campaigns')}
              </LinkButton>
            }
          >
            {t(
              'Start a campaign while the sandbox channel is on: every message lands here instead of at the customer.',
            )}
          </Empty>
        </div>
      ) : (
        <div className="grid overflow-hidden rounded-lg border border-line bg-surface lg:h-[max(560px,calc(100dvh-200px))] lg:grid-cols-[360px_1fr]">
          <div className={cx('flex min-h-0 flex-col lg:border-r lg:border-line', url.id !== '' && 'max-lg:hidden')}>
            <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
              <SearchBox
                value={url.q}
                onChange={(q) => setUrl({ q })}
                label={t('Search subject, address or text')}
                className="w-full"
              />
              <Select
                label={t('Channel')}
                className="w-36"
                value={url.channel}
                onChange={(e) => setUrl({ channel: e.target.value as '' | 'email' | 'sms' })}
                options={[
                  { value: '', label: t('All channels') },
                  { value: 'email', label: t('Email') },
                  { value: 'sms', label: t('Texts') },
                ]}
              />
              <Checkbox
                className="ml-1"
                label={list.data ? t('Unread only ({count})', { count: count(list.data.unread) }) : t('Unread only')}
                checked={url.unread}
                onChange={(e) => setUrl({ unread: e.target.checked })}
              />
              {url.send !== '' && (
                <TextButton onClick={() => setUrl({ send: '' })}>{t('Show all messages')}</TextButton>
              )}
            </div>
            <div className="min-h-0 flex-1 overflow-y-auto">
              <QueryFrame query={list} what={t('The mailbox')} skeleton={<RowSkeletons />}>
                {(data) =>
                  data.data.length === 0 ? (
                    <Empty
                      kind="none"
                      title={t('No message matches')}
                      action={
                        <Button onClick={() => setUrl({ q: '', channel: '', unread: false, send: '' })}>
                          {t('Clear filters')}
                        </Button>
                      }
                    />
                  ) : (
                    <MessageList rows={data.data} openId={url.id} onOpen={open} />
                  )
                }
              </QueryFrame>
            </div>
            {list.data && list.data.total > 50 && (
              <div className="flex items-center justify-between gap-2 border-t border-line px-3 py-1.5 text-sm text-ink-2">
                <TextButton disabled={url.page <= 1} onClick={() => setUrl({ page: url.page - 1 })}>
                  {t('Newer')}
                </TextButton>
                <span>
                  {t('{from} to {to} of {total}', {
                    from: count((url.page - 1) * 50 + 1),
                    to: count(Math.min(url.page * 50, list.data.total)),
                    total: count(list.data.total),
                  })}
                </span>
                <TextButton disabled={url.page * 50 >= list.data.total} onClick={() => setUrl({ page: url.page + 1 })}>
                  {t('Older')}
                </TextButton>
              </div>
            )}
          </div>
          <div className={cx('flex min-h-0 min-w-0 flex-col', url.id === '' && 'max-lg:hidden')}>
            {url.id === '' ? (
              <div className="grid flex-1 place-items-center p-8 text-ink-2">
                <p className="flex flex-col items-center gap-2 text-center">
                  <Inbox className="size-6" aria-hidden />
                  {t('Choose a message to see what the customer sees. J and K walk the list.')}
                </p>
              </div>
            ) : (
              <OpenMessage
                id={url.id}
                tab={url.view}
                onTab={(view) => setUrl({ view, page: url.page })}
                onBack={() => setUrl({ id: '', page: url.page })}
              />
            )}
          </div>
        </div>
      )}
    </Page>
  )
}

function OpenMessage({
  id,
  tab,
  onTab,
  onBack,
}: {
  id: string
  tab: (typeof messageTabs)[number]
  onTab: (tab: (typeof messageTabs)[number]) => void
  onBack: () => void
}) {
  const message = useApi('GET /api/v1/sandbox/messages/:id', { params: { id } })
  const read = message.data?.id === id
  // Opening marks it read on the server: the list shows that at once.
  const readId = read ? id : null
  useEffect(() => {
    if (readId !== null) void refresh(listEndpoint)
  }, [readId])
  if (message.isError && !read) {
    return (
      <div className="p-2">
        <Failed what={t('The message')} error={message.error} retry={message.refetch} />
        <TextButton className="ml-11" onClick={onBack}>
          {t('Back to the list')}
        </TextButton>
      </div>
    )
  }
  if (!message.data || !read) {
    return (
      <div className="p-4">
        <Loading what={t('The message')}>
          <Skeleton className="h-6 w-2/3" />
          <Skeleton className="mt-3 h-4 w-1/2" />
          <Skeleton className="mt-6 h-80 w-full" />
        </Loading>
      </div>
    )
  }
  return (
    <MessageView
      message={message.data}
      tab={tab}
      onTab={onTab}
      onBack={onBack}
      onUnsubscribed={() => void refresh('GET /api/v1/customers')}
    />
  )
}

function ClearButton({ total }: { total: number }) {
  const mayClear = useMay('manager')
  const clear = useSend('DELETE /api/v1/sandbox/messages', {
    refresh: [listEndpoint],
    onDone: ({ removed }) =>
      toast(t('{count, plural, one {# message removed} other {# messages removed}}', { count: removed })),
  })
  if (!mayClear || total === 0) return null
  const ask = async (): Promise<void> => {
    const yes = await confirm({
      title: t('Empty the mailbox?'),
      body: t('The sandbox copies are removed for good. Sends and figures stay.'),
      action: t('{count, plural, one {Remove # message} other {Remove # messages}}', { count: total }),
      tone: 'risk',
    })
    if (yes) clear.mutate(undefined)
  }
  return (
    <Button busy={clear.isPending} onClick={() => void ask()}>
      <Trash2 aria-hidden />
      {t('Empty the mailbox')}
    </Button>
  )
}
