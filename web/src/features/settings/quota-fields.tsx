import type { FieldErrors, UseFormRegisterReturn } from 'react-hook-form'
import { mostOfAddress, usualQuota } from '#contract/quota.ts'
import { count } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Field, Input } from '../../ui/field.tsx'

/** As typed; an empty day is a day without a limit. */
interface QuotaForm {
  quota_per_minute: string
  quota_per_day: string
}
export const quotaNames = ['quota_per_minute', 'quota_per_day'] as const
export const usualQuotas: QuotaForm = { quota_per_minute: String(usualQuota), quota_per_day: '' }

export function quotaOf(form: QuotaForm): { quota_per_minute: number; quota_per_day: number | null } {
  const day = plain(form.quota_per_day)
  return { quota_per_minute: Number(plain(form.quota_per_minute)), quota_per_day: day === '' ? null : Number(day) }
}

const plain = (text: string): string => text.replace(/[\s,._']/g, '')
const isWhole = (text: string): true | string => /^\d{1,9}$/.test(plain(text)) || t('Write a whole number.')
/** How the two fields are registered in the form around them. */
export const quotaRules = {
  minute: { validate: isWhole },
  day: { validate: (text: string) => text.trim() === '' || isWhole(text) },
}

/** How many requests a key may make. */
export function QuotaFields({
  minute,
  day,
  errors,
}: {
  minute: UseFormRegisterReturn
  day: UseFormRegisterReturn
  errors: FieldErrors<QuotaForm>
}) {
  return (
    <>
      <Field
        label={t('Requests a minute')}
        required
        hint={t('One address may make {n}, whatever its keys.', { n: count(mostOfAddress) })}
        error={errors.quota_per_minute?.message}
      >
        <Input inputMode="numeric" {...minute} />
      </Field>
      <Field
        label={t('Requests a day')}
        hint={t('Empty: no limit. A day ends at midnight UTC.')}
        error={errors.quota_per_day?.message}
      >
        <Input inputMode="numeric" placeholder={t('no limit')} {...day} />
      </Field>
    </>
  )
}
