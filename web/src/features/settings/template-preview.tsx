import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useEffect, useState } from 'react'
import { api, type ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { MailFrame } from '../../ui/mail-frame.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import type { TemplateWords } from './template-form.ts'
import { PreviewPerson, type Person } from './template-person.tsx'
import type { Template } from './templates-page.tsx'

type Problem = ReplyOf<'POST /api/v1/settings/templates/preview'>['problems'][number]

/**
 * The words as a customer gets them, with footer and links, and what the checks say of them.
 * Asks a third of a second after the last key; `words` null: the saved version (for who may not write).
 */
export function TemplatePreview({ template, words }: { template: Template; words: TemplateWords | null }) {
  const [view, setView] = useState<'html' | 'phone' | 'dark' | 'text'>('html')
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
            {preview.subject && (
              <p>
                <span className="font-medium">{preview.subject}</span>{' '}
                <span className="text-ink-2">{preview.preheader}</span>
              </p>
            )}
            {preview.html ? (
              <Tabs
                label={t('Preview')}
                value={view}
                onChange={setView}
                tabs={[
                  { value: 'html', label: t('Page') },
                  { value: 'phone', label: t('Phone') },
                  { value: 'dark', label: t('Dark') },
                  { value: 'text', label: t('Plain text') },
                ]}
              >
                {view === 'text' ? (
                  <PlainText text={preview.text} />
                ) : (
                  <div
                    className={view === 'phone' ? 'mx-auto w-full max-w-[375px] rounded-lg border-8 border-sunken' : ''}
                  >
                    <MailFrame
                      html={preview.html}
                      dark={view === 'dark'}
                      title={t('Preview of {name}', { name: template.name })}
                      className="h-160"
                    />
                  </div>
                )}
              </Tabs>
            ) : (
              <PlainText text={preview.text} />
            )}
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

function PlainText({ text }: { text: string }) {
  return (
    <pre className="wrap-anywhere mt-3 max-h-160 overflow-auto whitespace-pre-wrap rounded-md border border-line bg-sunken/40 p-3 font-mono text-[13px] leading-5">
      {text}
    </pre>
  )
}
