import { useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { MailFrame } from '../../ui/mail-frame.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Tabs } from '../../ui/tabs.tsx'
import type { Template } from './templates-page.tsx'

/** The saved version as a sample customer gets it, with footer and links, and what the checks say of it. */
export function TemplatePreview({ template }: { template: Template }) {
  const [view, setView] = useState<'html' | 'text'>('html')
  const query = useApi('GET /api/v1/settings/templates/:id/preview', { params: { id: template.id }, query: {} })
  return (
    <Panel
      title={t('As a customer gets it')}
      detail={t('A sample customer. The footer is locked: the law asks for it.')}
    >
      <QueryFrame query={query} what={t('The preview')} skeleton={<Skeleton className="h-120 w-full" />}>
        {(preview) => (
          <div className="space-y-3">
            {preview.problems.map((p) => (
              <Note key={p.message} tone={p.level === 'error' ? 'risk' : 'warn'} title={p.message} />
            ))}
            {preview.subject && <p className="font-medium">{preview.subject}</p>}
            {preview.html ? (
              <Tabs
                label={t('Preview')}
                value={view}
                onChange={setView}
                tabs={[
                  { value: 'html', label: t('Page') },
                  { value: 'text', label: t('Plain text') },
                ]}
              >
                {view === 'html' ? (
                  <MailFrame
                    html={preview.html}
                    title={t('Preview of {name}', { name: template.name })}
                    className="h-160"
                  />
                ) : (
                  <PlainText text={preview.text} />
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

function PlainText({ text }: { text: string }) {
  return (
    <pre className="wrap-anywhere mt-3 max-h-160 overflow-auto whitespace-pre-wrap rounded-md border border-line bg-sunken/40 p-3 font-mono text-[13px] leading-5">
      {text}
    </pre>
  )
}
