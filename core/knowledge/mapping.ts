import { columnsOf, type ImportKind, type Mapping } from './columns.ts'

export interface MappingGuess {
  mapping: Mapping
  /** headers no field was found for */
  unused: string[]
  /** field -> 0..1; below 1 a person should look at it */
  certainty: Record<string, number>
}

/** Finds the field of each header by name, synonyms and spelling. Every header and field is used once. */
export function guessMapping(headers: readonly string[], kind: ImportKind): MappingGuess {
  const pairs: { field: string; header: string; score: number; rank: number }[] = []
  columnsOf[kind].forEach((column, rank) => {
    const names = [column.field, column.label, ...column.synonyms].map(wordsOf)
    for (const header of headers) {
      const words = wordsOf(header)
      let best = 0
      names.forEach((name, nth) => {
        // The field's own name beats a synonym, an early synonym a late one.
        best = Math.max(best, likeness(words, name) - Math.min(nth, 20) * 0.0005)
      })
      if (best >= 0.72) pairs.push({ field: column.field, header, score: best, rank })
    }
  })
  pairs.sort((a, b) => b.score - a.score || a.rank - b.rank)
  const mapping: Mapping = {}
  const certainty: Record<string, number> = {}
  const taken = new Set<string>()
  for (const { field, header, score } of pairs) {
    if (mapping[field] !== undefined || taken.has(header)) continue
    mapping[field] = header
    certainty[field] = score > 0.98 ? 1 : Math.round(score * 100) / 100
    taken.add(header)
  }
  if (kind === 'orders') giveAmountToItems(mapping, certainty)
  return { mapping, unused: headers.filter((h) => !taken.has(h)), certainty }
}

/** In a file of items a column that is only called "Amount" is the item's, not the whole order's. */
function giveAmountToItems(mapping: Mapping, certainty: Record<string, number>): void {
  const isItems = mapping['sku'] !== undefined || mapping['product_name'] !== undefined
  const header = mapping['total']
  if (!isItems || header === undefined || mapping['line_total'] !== undefined || mapping['unit_price'] !== undefined)
    return
  if (!/^(total )?(amount|dollars)$/i.test(wordsOf(header).join(' '))) return
  delete mapping['total']
  delete certainty['total']
  mapping['line_total'] = header
  certainty['line_total'] = 0.9
}

export interface MappingFault {
  field: string
  message: string
}

/** What makes a mapping useless for this kind of file; empty when it can be used. */
export function checkMapping(mapping: Mapping, headers: readonly string[], kind: ImportKind): MappingFault[] {
  const known = new Set(columnsOf[kind].map((c) => c.field))
  const faults: MappingFault[] = []
  for (const [field, header] of Object.entries(mapping)) {
    if (!known.has(field)) faults.push({ field, message: `There is no field called ${field} for ${kind}.` })
    else if (!headers.includes(header)) faults.push({ field, message: `The file has no column called "${header}".` })
  }
  const has = (...fields: string[]): boolean => fields.some((f) => mapping[f] !== undefined)
  const need = (ok: boolean, field: string, message: string): void => {
    if (!ok) faults.push({ field, message })
  }
  if (kind === 'customers')
    need(
      has('external_id', 'email', 'phone'),
      'email',
      'Choose the column with the e-mail, the phone or the customer number: without one a customer cannot be told from another.',
    )
  if (kind === 'consents') {
    need(has('external_id', 'email', 'phone'), 'email', 'Choose the column that says whose consent it is.')
    need(has('status'), 'status', 'Choose the column that says yes or no.')
  }
  if (kind === 'suppressions')
    need(has('email', 'phone'), 'email', 'Choose the column with the email or the phone that must not be written to.')
  if (kind === 'products') {
    need(has('sku'), 'sku', 'Choose the column with the product number.')
    need(has('name'), 'name', 'Choose the column with the product name.')
  }
  if (kind === 'orders') {
    need(has('order_id'), 'order_id', 'Choose the column with the order number.')
    need(has('ordered_at'), 'ordered_at', 'Choose the column with the date of the order.')
    need(
      has('customer_id', 'email', 'phone'),
      'customer_id',
      'Choose the column that says whose order it is: customer number, e-mail or phone.',
    )
    need(
      has('total', 'line_total', 'unit_price'),
      'total',
      'Choose the column with the amount: order total, line total or unit price.',
    )
  }
  return faults
}

// Words that say too little when they stand among others.
const weak = new Set([
  'name',
  'date',
  'item',
  'items',
  'code',
  'type',
  'group',
  'groups',
  'class',
  'source',
  'time',
  'count',
  'customer',
  'client',
  'product',
  'order',
  'description',
  'title',
  'location',
  'total',
  'amount',
  'born',
  'lists',
  'region',
  'units',
  'style',
  'cost',
  'price',
])

function wordsOf(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((w) => w !== '' && w !== 'the' && w !== 'of')
}

/** 1: same words; below: one spelling slip, or all words of the name plus others. */
function likeness(header: readonly string[], name: readonly string[]): number {
  const a = header.join('')
  const b = name.join('')
  if (a === '' || b === '') return 0
  if (a === b) return 1
  const longest = Math.max(a.length, b.length)
  if (longest >= 5 && Math.abs(a.length - b.length) <= 2) {
    const slips = distance(a, b)
    if (slips <= (longest >= 9 ? 2 : 1)) return 0.94 - slips * 0.04
  }
  // "customer e-mail (primary)" still is an e-mail; a one-word name such as "id" or "date" is too weak for that.
  if (name.length >= 2 && name.every((w) => header.includes(w))) return 0.8 - (header.length - name.length) * 0.02
  if (name.length === 1 && b.length >= 3 && !weak.has(b) && header.length <= 3 && header.includes(b))
    return 0.76 - header.length * 0.01
  return 0
}

/** Edits between two words where swapping neighbours counts as one (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (rows[i - 1]?.[j - 1] ?? 0) + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (rows[i - 2]?.[j - 2] ?? 0) + 1)
      row.push(least)
    }
    rows.push(row)
  }
  return rows[a.length]?.[b.length] ?? 0
}
