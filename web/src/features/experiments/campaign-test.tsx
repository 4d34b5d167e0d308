import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { LinkButton, TextLink } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { dimensionWord } from './experiment-words.ts'

/** The test of a campaign, or the way to add one while it has not started. */
export function CampaignTest({ id, editable }: { id: string; editable: boolean }) {
  const may = useMay('manager')
  const query = useApi('GET /api/v1/experiments', { query: { campaign_id: id, page_size: 1 } })
  const test = query.data?.data[0]
  const result = useApi(
    'GET /api/v1/experiments/:id/results',
    { params: { id: test?.id ?? '' } },
    { enabled: test !== undefined },
  )
  if (!query.data || (!test && !(editable && may))) return null
  return (
    <Panel
      title={t('Test')}
      detail={test ? dimensionWord(test.dimension) : t('Try two versions, and let the customers decide')}
      actions={
        test ? (
          <TextLink to="/experiments/$id" params={{ id: test.id }}>
            {test.name}
          </TextLink>
        ) : (
          <LinkButton size="sm" to="/experiments/new" search={{ campaign: id }}>
            {t('Add a test')}
          </LinkButton>
        )
      }
    >
      {test && <p>{result.data?.verdict}</p>}
    </Panel>
  )
}
