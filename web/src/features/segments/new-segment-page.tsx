import { useNavigate } from '@tanstack/react-router'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { TextLink } from '../../ui/button.tsx'
import { Page } from '../../ui/page.tsx'
import { toast } from '../../ui/toast.tsx'
import { freshCondition } from './rule-draft.ts'
import { SegmentEditor } from './segment-editor.tsx'

/** A segment is described; the count of whom it holds follows every change. */
export default function NewSegmentPage() {
  const navigate = useNavigate()
  const create = useSend('POST /api/v1/segments', {
    refresh: ['GET /api/v1/segments'],
    onDone: (made) => {
      toast(t('{name} made; its members follow in a moment', { name: made.name }))
      void navigate({ to: '/segments/$id', params: { id: made.id }, replace: true } as never)
    },
  })
  return (
    <Page title={t('New segment')} back={<TextLink to="/segments">{t('Segments')}</TextLink>}>
      <SegmentEditor
        start={{ name: '', description: null, rules: { all: [freshCondition('orders')] } }}
        saveWord={t('Make the segment')}
        save={(body, onError) => create.mutate({ body }, { onError })}
        busy={create.isPending}
      />
    </Page>
  )
}
