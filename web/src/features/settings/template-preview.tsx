import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useEffect, useState } from 'react'
import { api, type ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { MessageView } from '../../ui/message-view.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import type { TemplateWords } from './template-form.ts'
import { PreviewPerson, type Person } from './template-person.tsx'
import type { Template } from './templates-page.tsx'

type Problem = ReplyOf<'POST /api/v1/settings/templates/preview'>['problems'][number]

/**
 * The words as a customer gets them, with footer and links, and what the checks say of them.
 * Asks a third of a second after the last key; `words` null: the saved version (for who may not write).
 */
export function TemplatePreview({ template, words }: { template: Template; words: TemplateWords | null }) {
  const [person, setPerson] = useState<Person | null>(null)
  const query = usePreview(template, words, person?.id ?? null)
  return (
    <Panel
      title={t('As a customer gets it')}
      detail={t('The footer is locked: the law asks for it.')}
      className="lg:sticky lg:top-4"
    >
      <div className="mb-3">
        <PreviewPerson person={person} onChange={setPerson} />
      </div>
      <QueryFrame query={query} what={t('The preview')} skeleton={<Skeleton className="h-120 w-full" />}>
        {(preview) => (
          <div className="space-y-3">
            <div aria-live="polite" className="space-y-2 empty:hidden">
              {preview.problems.map((p) => (
                <Note
                  key={`${p.field} ${p.line} ${p.message}`}
                  tone={p.level === 'error' ? 'risk' : 'warn'}
                  title={p.message}
                >
                  {whereOf(template, p)}
                </Note>
              ))}
            </div>
            <MessageView message={preview} name={template.name} />
            <p className="text-sm text-ink-2">
              {preview.sms
                ? t('{segments, plural, one {# part} other {# parts}}, {encoding}, {left} characters left in it.', {
                    segments: preview.sms.segments,
                    encoding: preview.sms.encoding,
                    left: preview.sms.left,
                  })
                : t('{kb} KB; mail programs cut a page beyond 90.', { kb: Math.ceil(preview.html_bytes / 1000) })}
            </p>
          </div>
        )}
      </QueryFrame>
    </Panel>
  )
}

function usePreview(template: Template, words: TemplateWords | null, customerId: string | null) {
  const typed = useDeferredValue(JSON.stringify(words))
  const [asked, setAsked] = useState(typed)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed), 300)
    return () => clearTimeout(timer)
  }, [typed])
  return useQuery({
    queryKey: ['template preview', template.id, asked, customerId],
    queryFn: ({ signal }) => {
      const draft = JSON.parse(asked) as TemplateWords | null
      return draft === null
        ? api(
            'GET /api/v1/settings/templates/:id/preview',
            { params: { id: template.id }, query: { customer_id: customerId ?? undefined } },
            { signal },
          )
        : api(
            'POST /api/v1/settings/templates/preview',
            { body: { channel: template.channel, ...draft, customer_id: customerId } },
            { signal },
          )
    },
    placeholderData: (before) => before,
    retry: false,
  })
}

function whereOf(template: Template, { field, line }: Problem): string | null {
  if (field === null || (template.channel === 'sms' && line === null)) return null
  const name = {
    subject_template: t('Subject'),
    preheader_template: t('Preview line'),
    body_mjml_template: t('Body, MJML'),
    body_text_template: template.channel === 'sms' ? t('Text message') : t('Plain text'),
  }[field]
  return line === null ? name : t('{field}, line {line}', { field: name, line })
}
