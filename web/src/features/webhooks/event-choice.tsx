import { chatEvents, webhookEvents, webhookEventNames, type WebhookEvent } from '#core/webhooks.ts'
import { t } from '../../lib/i18n.ts'
import { Checkbox } from '../../ui/field.tsx'
import { groupWords, type Webhook } from './webhook-words.ts'

/** Events by what they are about; a group is ticked as a whole. A chat room gets fewer. */
export function EventChoice({
  kind,
  value,
  onChange,
  error,
}: {
  kind: Webhook['kind']
  value: readonly WebhookEvent[]
  onChange: (events: WebhookEvent[]) => void
  error?: string | undefined
}) {
  const offered = kind === 'slack' ? chatEvents : webhookEventNames
  const groups = Map.groupBy(offered, (name) => name.split('.')[0]!)
  const toggle = (names: readonly WebhookEvent[], on: boolean): void =>
    onChange(offered.filter((e) => (names.includes(e) ? on : value.includes(e))))
  return (
    <fieldset aria-describedby={error ? 'events-error' : undefined}>
      <legend className="mb-1 font-medium">{t('Events')}</legend>
      <div className="max-h-80 space-y-3 overflow-y-auto rounded-md border border-line p-3">
        {[...groups].map(([group, names]) => {
          const on = names.filter((e) => value.includes(e)).length
          return (
            <div key={group}>
              <Checkbox
                label={t(groupWords[group] ?? group)}
                className="font-medium"
                checked={on === names.length}
                mixed={on > 0 && on < names.length}
                onChange={(e) => toggle(names, e.target.checked)}
              />
              {names.length > 1 && (
                <div className="mt-1 grid gap-x-4 gap-y-1 pl-6 sm:grid-cols-2">
                  {names.map((name) => (
                    <Checkbox
                      key={name}
                      label={t(webhookEvents[name])}
                      hint={<code>{name}</code>}
                      checked={value.includes(name)}
                      onChange={(e) => toggle([name], e.target.checked)}
                    />
                  ))}
                </div>
              )}
            </div>
          )
        })}
      </div>
      {error && (
        <p id="events-error" className="mt-1 text-sm text-risk">
          {error}
        </p>
      )}
    </fieldset>
  )
}
