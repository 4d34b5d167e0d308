/** Makes values from JSON schemas: mostly what fits, sometimes what an attacker would write in its place. */

export type Random = () => number
export interface JsonSchema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
  allOf?: JsonSchema[]
  properties?: Record<string, JsonSchema>
  additionalProperties?: boolean | JsonSchema
  items?: JsonSchema
  prefixItems?: JsonSchema[]
  required?: string[]
  format?: string
  minimum?: number
  maximum?: number
  maxLength?: number
  $ref?: string
  $defs?: Record<string, JsonSchema>
}

/** Texts that broke something somewhere once. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\uD800',
  '\u202E\u200Bmoc.elpmaxe',
  '🍷'.repeat(300),
  "' or '1'='1",
  "'; drop table customers; --",
  '1;select pg_sleep(10)',
  '$1',
  '%s%s%n',
  '${7*7}',
  '{{constructor.constructor("return process")()}}',
  '{% for i in (1..1000000000) %}{% endfor %}',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  'a\r\nBcc: all@example.com',
  "=cmd|' /C calc'!A0",
  '__proto__',
  'constructor',
  'NaN',
  'Infinity',
  '-0',
  '1e309',
  '9'.repeat(400),
  '0x10',
  'null',
  'true',
  'x'.repeat(70_000),
  '(((((((((((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+',
  '\\',
  '%',
  '_',
  '%_%',
  '0000-00-00',
  '9999-12-31T23:59:59Z',
  '+275760-09-13',
  '2026-02-30',
  '24:00',
  '99:99',
  'http://169.254.169.254/latest/meta-data',
  'http://127.0.0.1:22/',
  'a@b',
  '"very unusual"@example.com',
  '+10000000000000000',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
]

export const hostileValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 2,
  2147483648,
  -2147483649,
  [],
  {},
  [[]],
  [null],
  { $ne: null },
  { toString: 'x' },
  { length: 1e9 },
  Array.from({ length: 3000 }, () => 0),
]

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!
const int = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1))

export function hostile(random: Random): unknown {
  return random() < 0.6 ? pick(random, hostileTexts) : pick(random, hostileValues)
}

export interface Known {
  /** ids of things that are there */
  ids: readonly string[]
}

/** A value that fits the schema, as far as that is easy; `wild` is the chance that a part of it is hostile instead. */
export function valueOf(
  random: Random,
  schema: JsonSchema,
  known: Known,
  wild: number,
  root = schema,
  depth = 0,
): unknown {
  if (random() < wild) return hostile(random)
  const again = (part: JsonSchema): unknown => valueOf(random, part, known, wild, root, depth + 1)
  if (schema.$ref) {
    const target = schema.$ref === '#' ? root : root.$defs?.[schema.$ref.split('/').at(-1)!]
    return target && depth < 12 ? again(target) : null
  }
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return pick(random, schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return depth > 10 ? again(choices[0]!) : again(pick(random, choices))
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((s) => again(s) as object))
  const type = Array.isArray(schema.type) ? pick(random, schema.type) : schema.type
  switch (type) {
    case 'object': {
      const out: Record<string, unknown> = {}
      for (const [name, part] of Object.entries(schema.properties ?? {}))
        if (schema.required?.includes(name) || random() < 0.5) out[name] = again(part)
      if (typeof schema.additionalProperties === 'object' && random() < 0.5)
        out[textOf(random, {}, known)] = again(schema.additionalProperties)
      return out
    }
    case 'array':
      if (schema.prefixItems) return schema.prefixItems.map(again)
      return Array.from({ length: depth > 8 ? 0 : int(random, 0, 3) }, () => again(schema.items ?? {}))
    case 'integer':
    case 'number': {
      const low = Math.max(schema.minimum ?? -10, -1e6)
      const high = Math.min(schema.maximum ?? low + 1000, low + 1e6)
      return type === 'integer' || random() < 0.5
        ? int(random, Math.ceil(low), Math.floor(high))
        : low + random() * (high - low)
    }
    case 'boolean':
      return random() < 0.5
    case 'null':
      return null
    case 'string':
      return textOf(random, schema, known)
    default:
      return random() < 0.5 ? textOf(random, {}, known) : int(random, 0, 9)
  }
}

function textOf(random: Random, { format, maxLength }: JsonSchema, { ids }: Known): string {
  switch (format) {
    case 'uuid':
      return pick(random, ids)
    case 'date':
      return `20${int(random, 10, 40)}-${String(int(random, 1, 12)).padStart(2, '0')}-${String(int(random, 1, 28)).padStart(2, '0')}`
    case 'date-time':
      return new Date(Date.UTC(int(random, 2000, 2040), int(random, 0, 11), int(random, 1, 28))).toISOString()
    case 'email':
      return `fuzz${int(random, 0, 999)}@example.com`
    case 'uri':
      return `https://example.com/${int(random, 0, 99)}`
    default:
      break
  }
  const words = [
    'Rye',
    'email',
    'sms',
    'NY',
    'granted',
    'name',
    '-created_at',
    '08:00',
    '+12125550123',
    'wine',
    'active',
    '10%',
  ]
  return pick(random, words).slice(0, maxLength ?? 100)
}
