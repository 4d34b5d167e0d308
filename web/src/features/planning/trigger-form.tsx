import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Checkbox, Field, Input, Select } from '../../ui/field.tsx'
import { Panel } from '../../ui/panel.tsx'
import { ChoiceCard } from '../../ui/choice-card.tsx'
import { emptyTrigger, events, type Trigger } from './trigger-words.ts'

interface Props {
  value: Trigger
  onChange: (trigger: Trigger) => void
  /** the last try left something out */
  tried: boolean
}

export const isComplete = (t: Trigger): boolean =>
  t.offer_id !== '' && t.template_id !== '' && (t.event.on !== 'segment_entered' || t.event.segment !== '')

/** What starts the message, how long it waits, what ends the waiting, and what is sent. */
export function TriggerForm({ value, onChange, tried }: Props) {
  const segments = useApi('GET /api/v1/segments', { query: { page_size: 200 } }, { staleMs: 300_000 })
  const offers = useApi('GET /api/v1/offers', { query: { is_active: 'true' } }, { staleMs: 60_000 })
  const templates = useApi('GET /api/v1/settings/templates', {}, { staleMs: 60_000 })
  const set = (over: Partial<Trigger>): void => onChange({ ...value, ...over })
  const { event } = value
  const missing = (text: string): string | undefined => (tried && text === '' ? t('Choose one.') : undefined)
  const choose = { value: '', label: t('Choose …') }
  const days = Math.floor(value.delay_hours / 24)
  const toggle = (exit: Trigger['exits'][number], on: boolean): void =>
    set({ exits: on ? [...value.exits, exit] : value.exits.filter((e) => e !== exit) })
  return (
    <>
      <Panel title={t('What starts it')}>
        <fieldset className="space-y-2">
          <legend className="sr-only">{t('Event')}</legend>
          {events.map(({ on, label, hint }) => (
            <ChoiceCard
              key={on}
              name="event"
              value={on}
              chosen={event.on}
              label={label}
              onChoose={(next) =>
                onChange({
                  ...emptyTrigger(next),
                  channel: value.channel,
                  offer_id: value.offer_id,
                  template_id: value.template_id,
                  window: value.window,
                })
              }
            >
              {hint}
            </ChoiceCard>
          ))}
        </fieldset>
        <div className="mt-4 grid gap-4 empty:hidden sm:grid-cols-2">
          {event.on === 'segment_entered' && (
            <Field label={t('Segment')} error={missing(event.segment)}>
              <Select
                value={event.segment}
                onChange={(e) => set({ event: { on: 'segment_entered', segment: e.target.value } })}
                options={[
                  choose,
                  ...(segments.data?.data ?? [])
                    .filter((s) => s.is_active)
                    .map((s) => ({ value: s.key, label: s.name })),
                ]}
              />
            </Field>
          )}
          {event.on === 'no_order' && (
            <Field label={t('Days without an order')}>
              <Input
                type="number"
                min={7}
                max={730}
                value={event.days}
                onChange={(e) => set({ event: { on: 'no_order', days: e.target.valueAsNumber || 60 } })}
              />
            </Field>
          )}
          {event.on === 'birthday' && (
            <Field label={t('Days before the birthday')}>
              <Input
                type="number"
                min={0}
                max={30}
                value={event.days_before}
                onChange={(e) => set({ event: { on: 'birthday', days_before: e.target.valueAsNumber || 0 } })}
              />
            </Field>
          )}
        </div>
      </Panel>
      <Panel title={t('When')}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('Wait')} hint={t('Hours after the event.')}>
            <Input
              type="number"
              min={0}
              max={2160}
              value={value.delay_hours}
              onChange={(e) => set({ delay_hours: Math.max(0, Math.round(e.target.valueAsNumber || 0)) })}
            />
          </Field>
          <Field label={t('At most once in so many days')} hint={t('Empty: once, and never again.')}>
            <Input
              type="number"
              min={1}
              max={730}
              value={value.rest_days ?? ''}
              onChange={(e) => set({ rest_days: e.target.value === '' ? null : Math.max(1, e.target.valueAsNumber) })}
            />
          </Field>
          <Field label={t('Not before')}>
            <Input
              type="time"
              value={value.window.start}
              onChange={(e) => set({ window: { ...value.window, start: e.target.value } })}
            />
          </Field>
          <Field label={t('Not after')}>
            <Input
              type="time"
              value={value.window.end}
              onChange={(e) => set({ window: { ...value.window, end: e.target.value } })}
            />
          </Field>
        </div>
        {(value.delay_hours > 0 || value.exits.length > 0) && (
          <div className="mt-4 space-y-2">
            <Checkbox
              label={t('No message for who has ordered meanwhile')}
              checked={value.exits.includes('ordered')}
              onChange={(e) => toggle('ordered', e.target.checked)}
            />
            {event.on === 'segment_entered' && (
              <Checkbox
                label={t('No message for who has left the segment again')}
                checked={value.exits.includes('left_segment')}
                onChange={(e) => toggle('left_segment', e.target.checked)}
              />
            )}
          </div>
        )}
        {days >= 14 && (
          <p className="pt-3 text-sm text-ink-2">
            {t('That is {days} days: much may have changed by then.', { days })}
          </p>
        )}
      </Panel>
      <Panel title={t('What is sent')}>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t('Channel')}>
            <Select
              value={value.channel}
              onChange={(e) => set({ channel: e.target.value as 'email' | 'sms', template_id: '' })}
              options={[
                { value: 'email', label: t('Email') },
                { value: 'sms', label: t('Text') },
              ]}
            />
          </Field>
          <Field label={t('Template')} error={missing(value.template_id)}>
            <Select
              value={value.template_id}
              onChange={(e) => set({ template_id: e.target.value })}
              options={[
                choose,
                ...(templates.data?.data ?? [])
                  .filter((x) => x.channel === value.channel && x.is_active)
                  .map((x) => ({ value: x.id, label: x.name })),
              ]}
            />
          </Field>
          <Field label={t('Offer')} className="sm:col-span-2" error={missing(value.offer_id)}>
            <Select
              value={value.offer_id}
              onChange={(e) => set({ offer_id: e.target.value })}
              options={[
                choose,
                ...(offers.data?.data ?? []).map((o) => ({
                  value: o.id,
                  label: o.title,
                  disabled: o.stores.length > 0 && o.stores.every((s) => !s.allowed),
                })),
              ]}
            />
          </Field>
        </div>
      </Panel>
    </>
  )
}
