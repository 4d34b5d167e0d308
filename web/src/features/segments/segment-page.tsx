import { useNavigate, useParams } from '@tanstack/react-router'
import { RefreshCw, Trash2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useApi, useJob, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { toast } from '../../ui/toast.tsx'
import { PlaybookPanel } from './playbook-panel.tsx'
import { PickedForm } from './picked-form.tsx'
import { SegmentEditor } from './segment-editor.tsx'
import { SegmentFacts } from './segment-facts.tsx'

export type SegmentDetail = ReplyOf<'GET /api/v1/segments/:id'>
const lists = ['GET /api/v1/segments']

/** One segment: who it is in a sentence, its rule to change, what became of it. */
export default function SegmentPage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useApi('GET /api/v1/segments/:id', { params: { id } })
  return (
    <QueryFrame query={query} what={t('The segment')} skeleton={<Skeleton className="m-6 h-120" />}>
      {(segment) => <Shown key={`${segment.id}:${segment.version}`} segment={segment} />}
    </QueryFrame>
  )
}

function Shown({ segment }: { segment: SegmentDetail }) {
  const may = useMay('manager')
  const navigate = useNavigate()
  const params = { id: segment.id }
  const [jobId, setJobId] = useState<string | null>(null)
  const job = useJob(jobId)
  const working = job.data?.status === 'queued' || job.data?.status === 'running'
  const done = job.data?.finished_at ?? null
  useEffect(() => {
    if (done !== null) void refresh('GET /api/v1/segments')
  }, [done])
  const recount = useSend('POST /api/v1/segments/:id/refresh', { onDone: (started) => setJobId(started.id) })
  const restore = useSend('POST /api/v1/segments/:id/restore', { refresh: lists })
  const remove = useSend('DELETE /api/v1/segments/:id', {
    refresh: lists,
    onDone: () => {
      toast(t('Removed {name}', { name: segment.name }), { undo: () => restore.mutate({ params }) })
      void navigate({ to: '/segments' } as never)
    },
  })
  const save = useSend('PATCH /api/v1/segments/:id', {
    refresh: lists,
    onDone: (saved) =>
      toast(
        saved.kind === 'rule'
          ? t('{name} saved; its members follow in a moment', { name: saved.name })
          : t('{name} saved', { name: saved.name }),
      ),
  })
  const own = segment.kind === 'rule'
  const picked = segment.kind === 'snapshot'
  return (
    <Page
      title={segment.name}
      back={<TextLink to="/segments">{t('Segments')}</TextLink>}
      subtitle={
        <span className="flex flex-wrap items-center gap-2">
          {!own && <Pill tone="info">{picked ? t('Picked by hand') : t('From the scores')}</Pill>}
          <TextLink to="/customers" search={{ members: segment.id }}>
            {t('{count, plural, one {# customer} other {# customers}}', { count: segment.customer_count })}
          </TextLink>
          {working && <span role="status">{t('Counting again')}</span>}
        </span>
      }
      actions={
        may &&
        (own || picked) && (
          <>
            {own && (
              <Button busy={recount.isPending || working} onClick={() => recount.mutate({ params })}>
                <RefreshCw aria-hidden />
                {t('Count again')}
              </Button>
            )}
            <Button look="risk" busy={remove.isPending} onClick={() => remove.mutate({ params })}>
              <Trash2 aria-hidden />
              {t('Remove')}
            </Button>
          </>
        )
      }
    >
      {segment.sentence && (
        <p className="mb-5 max-w-prose text-lg">
          {t('Customers for whom this holds: {sentence}.', { sentence: segment.sentence })}
        </p>
      )}
      <div className="space-y-5">
        {picked && (
          <PickedForm
            segment={segment}
            save={may ? (body) => save.mutate({ params, body }) : null}
            busy={save.isPending}
          />
        )}
        {!own && !picked && (
          <Note title={t('This one follows the scores')}>
            {t(
              'Its rule is fixed: every customer is in exactly one of these. Make a segment of your own for another rule.',
            )}
          </Note>
        )}
        {own && may && (
          <SegmentEditor
            start={{ name: segment.name, description: segment.description, rules: segment.rules }}
            saveWord={t('Save')}
            save={(body, onError) => save.mutate({ params, body }, { onError })}
            busy={save.isPending}
          />
        )}
        <PlaybookPanel segmentId={segment.id} />
        <SegmentFacts
          segment={segment}
          onRestore={may && own ? (rules) => save.mutate({ params, body: { rules: rules as never } }) : null}
        />
      </div>
    </Page>
  )
}
