import { z } from 'zod'

/** What a form says about one field of a provider's configuration; kept in the schema itself. */
export interface FieldWords {
  label: string
  hint?: string
  placeholder?: string
  /** written only: encrypted when stored, never shown again */
  secret?: true
  /** a key or certificate of several lines */
  multiline?: true
  /** belongs to what comes back (webhooks, bounces), to signing, or to what few people need */
  group?: 'webhook' | 'dkim' | 'bounces' | 'advanced'
  /** words of a choice, by value */
  options?: Readonly<Record<string, string>>
}

/** A field as a form draws it. */
export interface ProviderField {
  name: string
  type: 'text' | 'secret' | 'multiline' | 'number' | 'choice' | 'yes_no'
  label: string
  hint: string | null
  placeholder: string | null
  group: 'main' | 'webhook' | 'dkim' | 'bounces' | 'advanced'
  /** must be given: it has no default and may not be empty */
  is_required: boolean
  is_secret: boolean
  default: string | number | boolean | null
  options: { value: string; label: string }[]
}

/** Attaches the words to a schema; read back by fieldsOf. */
export function field<T extends z.ZodType>(schema: T, words: FieldWords): T {
  return schema.meta({ words }) as T
}

/** A key or password that must be given. */
export const secret = (words: Omit<FieldWords, 'secret'>, most = 500): z.ZodString =>
  field(z.string().trim().min(1, `${words.label} is missing.`).max(most), { ...words, secret: true })

/** A key or password that may stay away. */
export const optionalSecret = (
  words: Omit<FieldWords, 'secret'>,
  most = 500,
): z.ZodDefault<z.ZodNullable<z.ZodString>> =>
  field(z.string().trim().min(1).max(most).nullable().default(null), { ...words, secret: true })

/**
 * Another address of the provider: its region, or a simulator. Plain http only on this machine, so that no key leaves
 * it unencrypted.
 */
export const baseUrl = field(
  z
    .url({ protocol: /^https?$/, error: 'Write a full address, like https://api.example.com.' })
    .max(300)
    .refine(
      (url) => url.startsWith('https:') || (URL.canParse(url) && isLoopback(new URL(url).hostname)),
      'Use https; plain http is allowed only for this machine.',
    )
    .transform((url) => url.replace(/\/+$/, ''))
    .nullable()
    .default(null),
  {
    label: 'Other address',
    hint: 'Only for a simulator or a private endpoint. Empty: the provider’s own.',
    placeholder: 'https://',
    group: 'advanced',
  },
)

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** The fields of a configuration in their order. */
export function fieldsOf(schema: z.ZodObject): ProviderField[] {
  return Object.entries(schema.shape).map(([name, part]) => {
    const outer = part as z.ZodType
    const words = (outer.meta()?.['words'] ?? { label: name }) as FieldWords
    const { inner, hasDefault, initial } = unwrap(outer)
    const options = inner instanceof z.ZodEnum ? inner.options.map(String) : []
    return {
      name,
      type: words.multiline
        ? 'multiline'
        : words.secret
          ? 'secret'
          : inner instanceof z.ZodEnum
            ? 'choice'
            : inner instanceof z.ZodBoolean
              ? 'yes_no'
              : inner instanceof z.ZodNumber
                ? 'number'
                : 'text',
      label: words.label,
      hint: words.hint ?? null,
      placeholder: words.placeholder ?? null,
      group: words.group ?? 'main',
      is_required: !hasDefault,
      is_secret: words.secret ?? false,
      default: initial,
      options: options.map((value) => ({ value, label: words.options?.[value] ?? value })),
    }
  })
}

export function secretNames(schema: z.ZodObject): string[] {
  return fieldsOf(schema).flatMap((f) => (f.is_secret ? [f.name] : []))
}

function unwrap(schema: z.ZodType): {
  inner: z.ZodType
  hasDefault: boolean
  initial: string | number | boolean | null
} {
  let inner = schema
  let hasDefault = false
  let initial: string | number | boolean | null = null
  for (;;) {
    if (inner instanceof z.ZodDefault) {
      hasDefault = true
      const value: unknown = inner.def.defaultValue
      initial = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
      inner = inner.def.innerType as z.ZodType
    } else if (inner instanceof z.ZodNullable) inner = inner.def.innerType as z.ZodType
    else if (inner instanceof z.ZodPipe) inner = inner.def.in as z.ZodType
    else return { inner, hasDefault, initial }
  }
}
