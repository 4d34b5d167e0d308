import { useParams } from '@tanstack/react-router'
import { useForm, useWatch } from 'react-hook-form'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { TextLink } from '../../ui/button.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { TemplateEditor } from './template-editor.tsx'
import { formOf, wordsForForm, wordsOf, type TemplateForm, type TemplateWords } from './template-form.ts'
import { TemplatePreview } from './template-preview.tsx'
import { TemplateVersions } from './template-versions.tsx'
import type { Template } from './templates-page.tsx'

/** One template: its words, beside what a customer gets while they are typed. */
export default function TemplatePage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useApi('GET /api/v1/settings/templates/:id/versions', { params: { id } })
  const back = <TextLink to="/settings/templates">{t('Templates')}</TextLink>
  return (
    <QueryFrame query={query} what={t('The template')} skeleton={<Skeleton className="m-6 h-120" />}>
      {({ data, starter }) => {
        const latest = data[0]
        if (!latest)
          return (
            <Page title={t('Template')} back={back} narrow>
              <Empty title={t('There is no such template')}>{t('Choose one from the list.')}</Empty>
            </Page>
          )
        return (
          <Page
            title={latest.name}
            back={back}
            subtitle={t('Version {n}. A version that was sent is kept as it was; a change makes the next one.', {
              n: latest.version,
            })}
          >
            <Workbench key={latest.key} template={latest} versions={data} starter={starter} />
          </Page>
        )
      }}
    </QueryFrame>
  )
}

function Workbench({
  template,
  versions,
  starter,
}: {
  template: Template
  versions: readonly Template[]
  starter: TemplateWords | null
}) {
  const may = useMay('manager')
  const form = useForm<TemplateForm>({ values: formOf(template), resetOptions: { keepDirtyValues: true } })
  const now = useWatch({ control: form.control }) as TemplateForm
  const take = (words: TemplateWords): void => {
    for (const [name, value] of Object.entries(wordsForForm(words)))
      form.setValue(name as keyof TemplateForm, value, { shouldDirty: true })
  }
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <div className="min-w-0 space-y-5">
        <TemplateEditor template={template} form={form} />
        <TemplateVersions template={template} versions={versions} starter={starter} onTake={may ? take : null} />
      </div>
      <TemplatePreview template={template} words={may ? wordsOf(template.channel, now) : null} />
    </div>
  )
}
