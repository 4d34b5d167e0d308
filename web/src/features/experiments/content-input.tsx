import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Field, Input, Select } from '../../ui/field.tsx'
import { dimensionWord, type Experiment } from './experiment-words.ts'

export interface Content {
  subject?: string | undefined
  template_id?: string | undefined
  offer_id?: string | undefined
  window?: { start: string; end: string } | undefined
  channel?: 'email' | 'sms' | undefined
}

/** The one thing that a version changes; empty is "as planned". */
export function ContentInput({
  dimension,
  content,
  error,
  onChange,
}: {
  dimension: Experiment['dimension']
  content: Content
  error: string | undefined
  onChange: (content: Content) => void
}) {
  const templates = useApi('GET /api/v1/settings/templates', undefined, { enabled: dimension === 'template' })
  const offers = useApi('GET /api/v1/offers', undefined, { enabled: dimension === 'offer' })
  const planned = { value: '', label: t('As planned') }
  const label = dimensionWord(dimension)
  switch (dimension) {
    case 'subject':
      return (
        <Field
          label={label}
          error={error}
          hint={t('Empty: the subject of the template. {first_name} is allowed.', { first_name: '{{ first_name }}' })}
        >
          <Input
            value={content.subject ?? ''}
            maxLength={200}
            onChange={(e) => onChange(e.target.value.trim() === '' ? {} : { subject: e.target.value })}
          />
        </Field>
      )
    case 'template':
      return (
        <Field label={label} error={error}>
          <Select
            value={content.template_id ?? ''}
            onChange={(e) => onChange(e.target.value ? { template_id: e.target.value } : {})}
            options={[
              planned,
              ...(templates.data?.data ?? [])
                .filter((x) => x.is_active && x.channel === 'email')
                .map((x) => ({ value: x.id, label: x.name })),
            ]}
          />
        </Field>
      )
    case 'offer':
      return (
        <Field label={label} error={error} hint={t('It goes through the same law as any offer.')}>
          <Select
            value={content.offer_id ?? ''}
            onChange={(e) => onChange(e.target.value ? { offer_id: e.target.value } : {})}
            options={[planned, ...(offers.data?.data ?? []).map((x) => ({ value: x.id, label: x.title }))]}
          />
        </Field>
      )
    case 'send_time': {
      const hours = Array.from({ length: 25 }, (_, h) => `${String(h).padStart(2, '0')}:00`)
      const { window } = content
      return (
        <Field label={label} error={error} hint={t('By the customer’s clock; the law’s hours still hold.')}>
          <span className="flex items-center gap-2">
            <Select
              label={t('From')}
              value={window?.start ?? ''}
              onChange={(e) =>
                onChange(
                  e.target.value === ''
                    ? {}
                    : { window: { start: e.target.value, end: window?.end ?? later(e.target.value) } },
                )
              }
              options={[planned, ...hours.slice(0, 24).map((h) => ({ value: h, label: h }))]}
            />
            <Select
              label={t('Until')}
              value={window?.end ?? ''}
              disabled={!window}
              onChange={(e) => onChange({ window: { start: window?.start ?? '08:00', end: e.target.value } })}
              options={[...(window ? [] : [planned]), ...hours.slice(1).map((h) => ({ value: h, label: h }))]}
            />
          </span>
        </Field>
      )
    }
    case 'channel':
      return (
        <Field label={label} error={error} hint={t('Only who agreed to the channel gets it.')}>
          <Select
            value={content.channel ?? ''}
            onChange={(e) => onChange(e.target.value ? { channel: e.target.value as 'email' | 'sms' } : {})}
            options={[planned, { value: 'email', label: t('Email') }, { value: 'sms', label: t('Text') }]}
          />
        </Field>
      )
  }
}

const later = (start: string): string => `${String(Math.min(24, Number(start.slice(0, 2)) + 2)).padStart(2, '0')}:00`
