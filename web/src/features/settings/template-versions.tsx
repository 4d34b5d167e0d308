import { t } from '../../lib/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import type { TemplateWords } from './template-form.ts'
import type { Template } from './templates-page.tsx'

/** Earlier versions and the delivered words. Taking one fills the form; nothing is kept before it is saved. */
export function TemplateVersions({
  template,
  versions,
  starter,
  onTake,
}: {
  template: Template
  versions: readonly Template[]
  starter: TemplateWords | null
  onTake: ((words: TemplateWords) => void) | null
}) {
  const take = (words: TemplateWords, what: string): void => {
    onTake?.(words)
    toast(t('{what} in the form; save to use it', { what }))
  }
  return (
    <Panel title={t('Versions')} flush>
      <ul>
        {versions.map((v) => (
          <Line
            key={v.id}
            name={t('Version {n}', { n: v.version })}
            detail={v.id === template.id ? t('in use') : <Time at={v.updated_at} />}
            onTake={onTake && v.id !== template.id ? () => take(v, t('Version {n}', { n: v.version })) : null}
          />
        ))}
        {starter && (
          <Line
            name={t('As delivered')}
            detail={t('the words the template came with')}
            onTake={onTake ? () => take(starter, t('The delivered words')) : null}
          />
        )}
      </ul>
    </Panel>
  )
}

function Line({ name, detail, onTake }: { name: string; detail: React.ReactNode; onTake: (() => void) | null }) {
  return (
    <li className="flex min-h-11 items-center gap-3 border-t border-line px-4 py-1.5">
      <span className="font-medium">{name}</span>
      <span className="min-w-0 flex-1 text-sm text-ink-2">{detail}</span>
      {onTake && (
        <Button size="sm" onClick={onTake} aria-label={t('Fetch back: {name}', { name })}>
          {t('Fetch back')}
        </Button>
      )}
    </li>
  )
}
