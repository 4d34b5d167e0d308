import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { channelWord, Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { NewTemplateDialog } from './new-template-dialog.tsx'
import { SettingsFrame } from './settings-frame.tsx'

export type Template = ReplyOf<'GET /api/v1/settings/templates'>['data'][number]

/** What messages are made of; the planner picks the template that fits the offer. */
export default function TemplatesPage() {
  const query = useApi('GET /api/v1/settings/templates', { query: {} })
  const may = useMay('manager')
  const [adding, setAdding] = useState<Template['channel'] | null>(null)
  return (
    <SettingsFrame changedBy="manager">
      <QueryFrame query={query} what={t('The templates')} skeleton={<Skeleton className="h-120" />}>
        {({ data }) => (
          <div className="space-y-5">
            {(['email', 'sms'] as const).map((channel) => (
              <Panel
                key={channel}
                title={channelWord(channel)}
                detail={details[channel]}
                flush
                actions={
                  may && (
                    <Button look={channel === 'email' ? 'primary' : 'outline'} onClick={() => setAdding(channel)}>
                      <Plus aria-hidden />
                      {channel === 'email' ? t('New email') : t('New text')}
                    </Button>
                  )
                }
              >
                <TemplateList templates={data.filter((x) => x.channel === channel)} />
              </Panel>
            ))}
            {adding && <NewTemplateDialog channel={adding} templates={data} onClose={() => setAdding(null)} />}
          </div>
        )}
      </QueryFrame>
    </SettingsFrame>
  )
}

const details = {
  email: t('Each carries the locked footer: postal address, 21+, unsubscribe.'),
  sms: t('Each ends with how to stop.'),
}

function TemplateList({ templates }: { templates: readonly Template[] }) {
  if (templates.length === 0) return <Empty kind="none" title={t('No templates for this channel')} />
  return (
    <ul>
      {templates.map((x) => (
        <li key={x.id} className="flex flex-wrap items-baseline gap-x-3 gap-y-0.5 border-t border-line px-4 py-2.5">
          <div className="min-w-0 flex-1 basis-60">
            <TextLink to="/settings/templates/$id" params={{ id: x.id }} className="font-medium">
              {x.name}
            </TextLink>
            <p className="truncate text-sm text-ink-2">{x.subject_template ?? x.body_text_template}</p>
          </div>
          {!x.is_active && <Pill>{t('Off')}</Pill>}
          <span className="text-sm text-ink-2">
            {t('Version {n}', { n: x.version })}, <Time at={x.updated_at} look="ago" />
          </span>
        </li>
      ))}
    </ul>
  )
}
