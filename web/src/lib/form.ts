import type { FieldPath, FieldValues, UseFormReturn, UseFormSetError } from 'react-hook-form'
import { ApiError } from './api.ts'
import { t } from './i18n.ts'

/** Puts the server's refusal beside its fields; what belongs to no field of the form comes back as one sentence. */
export function showRefusal<T extends FieldValues>(
  error: unknown,
  setError: UseFormSetError<T>,
  fields: readonly FieldPath<T>[],
): string | null {
  if (!(error instanceof ApiError)) return t('Something broke on this page. Load it again.')
  const placed = error.fields.filter((e) => fields.includes(e.path as FieldPath<T>))
  placed.forEach((e, i) =>
    setError(e.path as FieldPath<T>, { type: 'server', message: e.message }, { shouldFocus: i === 0 }),
  )
  return placed.length > 0 && placed.length === error.fields.length ? null : error.message
}

/**
 * Back to what is stored. A form that follows the server keeps what is typed while new values come in (`keepDirtyValues`),
 * and would keep it here, too.
 */
export function discard<T extends FieldValues>(form: Pick<UseFormReturn<T>, 'reset'>): void {
  form.reset(undefined, { keepDirtyValues: false })
}
