import { useParams } from '@tanstack/react-router'
import { ExternalLink } from 'lucide-react'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { TextLink } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy-field.tsx'
import { Empty, Page, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { FormEditor } from './form-editor.tsx'
import { FormFigures } from './form-figures.tsx'
import { QrPanel } from './qr-panel.tsx'
import type { Form } from './signup-words.ts'

/** One form: its words beside the page itself, where to put it, and what it brings. */
export default function FormPage() {
  const { id } = useParams({ strict: false }) as { id: string }
  const query = useApi('GET /api/v1/signup-forms')
  const back = <TextLink to="/settings/sign-up">{t('Sign-up forms')}</TextLink>
  return (
    <QueryFrame query={query} what={t('The form')} skeleton={<Skeleton className="m-6 h-120" />}>
      {({ data }) => {
        const form = data.find((f) => f.id === id)
        if (!form)
          return (
            <Page title={t('Sign-up form')} back={back} narrow>
              <Empty title={t('There is no such form')}>{t('Choose one from the list.')}</Empty>
            </Page>
          )
        return (
          <Page
            title={form.name}
            back={back}
            subtitle={
              <span className="flex flex-wrap items-center gap-2">
                <a
                  className="link inline-flex items-center gap-1 wrap-anywhere"
                  href={`/s/${form.key}?preview=1`}
                  target="_blank"
                  rel="noreferrer"
                >
                  {form.url}
                  <ExternalLink className="size-3.5 shrink-0" aria-hidden />
                </a>
                {!form.is_active && <Pill tone="warn">{t('Closed')}</Pill>}
              </span>
            }
          >
            <div className="grid items-start gap-5 lg:grid-cols-2">
              <div className="min-w-0 space-y-5">
                <FormEditor form={form} />
                <EmbedPanel form={form} />
                <QrPanel form={form} />
              </div>
              <div className="min-w-0 space-y-5">
                <FormFigures form={form} />
                <Preview form={form} />
              </div>
            </div>
          </Page>
        )
      }}
    </QueryFrame>
  )
}

function Preview({ form }: { form: Form }) {
  return (
    <Panel title={t('As people see it')} detail={t('The saved state; nothing can be sent from here.')}>
      <iframe
        key={form.updated_at}
        src={`/s/${form.key}?preview=1`}
        sandbox=""
        title={t('Preview of {name}', { name: form.name })}
        className="h-180 w-full rounded-md border border-line"
      />
    </Panel>
  )
}

function EmbedPanel({ form }: { form: Form }) {
  const base = form.url.replace(/\/s\/[^/]+$/, '')
  return (
    <Panel
      title={t('In your website')}
      detail={t('One line where the form belongs; or the frame, where scripts are not allowed.')}
    >
      <div className="space-y-4">
        {/^http:\/\/(localhost|127\.)/.test(base) && (
          <Note tone="warn" title={t('Customers cannot reach this address')}>
            {t('Set PUBLIC_URL to the address of this server in the internet; links, posters and frames need it.')}
          </Note>
        )}
        <CopyField
          label={t('Script')}
          value={`<script src="${base}/s/embed.js" data-form="${form.key}" async></script>`}
        />
        <CopyField
          label={t('Frame')}
          value={`<iframe src="${form.url}?embed=1" title="${t('Sign up')}" width="100%" height="760" style="border:0"></iframe>`}
        />
      </div>
    </Panel>
  )
}
