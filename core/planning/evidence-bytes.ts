import type { BaseCell, Evidence, Season, SentCell } from './evidence.ts'

/*
 * Evidence as bytes: a header in JSON with the words that occur, then each column's numbers. A large shop has some hundred
 * thousand cells; read as rows they would take longer than all the planning.
 */
const words = ['segment', 'group', 'offer', 'kind', 'channel', 'part'] as const
const baseWords = ['segment', 'group'] as const
const baseNumbers = ['exposure', 'orders', 'spent_cents', 'discount_cents'] as const
const sentNumbers = [
  'n', 'opens', 'clicks', 'leaves', 'orders', 'spent_cents', 'discount_cents', 'opened_orders', 'opened_spent_cents', 'opened_discount_cents',
  'exposure', 'opened_exposure', 'later_excess', 'later_variance', 'later_share',
] as const // prettier-ignore

interface Header {
  seasons: Season[]
  base: number
  sent: number
  /** the words of each column, by number */
  words: Record<(typeof words)[number], string[]>
}

/** Sums keep seven digits, which is more than chance leaves of them. */
export function evidenceToBytes({ base, sent, seasons }: Evidence): Uint8Array {
  const known = Object.fromEntries(words.map((w) => [w, new Map<string, number>()])) as Record<(typeof words)[number], Map<string, number>> // prettier-ignore
  const numberOf = (column: (typeof words)[number], word: string): number => {
    const found = known[column].get(word)
    if (found !== undefined) return found
    known[column].set(word, known[column].size)
    return known[column].size - 1
  }
  const columns = [
    ...baseWords.map((w) => Uint16Array.from(base, (c) => numberOf(w, c[w]))),
    ...words.map((w) => Uint16Array.from(sent, (c) => numberOf(w, c[w]))),
    Uint16Array.from(sent, (c) => Number(c.isRead)),
    ...baseNumbers.map((f) => Float32Array.from(base, (c) => c[f])),
    ...sentNumbers.map((f) => Float32Array.from(sent, (c) => c[f])),
  ]
  const header = new TextEncoder().encode(
    JSON.stringify({ seasons, base: base.length, sent: sent.length, words: Object.fromEntries(words.map((w) => [w, [...known[w].keys()]])) }),
  ) // prettier-ignore
  const out = new Uint8Array(4 + header.length + columns.reduce((n, c) => n + c.byteLength, 0))
  new DataView(out.buffer).setUint32(0, header.length, true)
  out.set(header, 4)
  let at = 4 + header.length
  for (const column of columns) {
    out.set(new Uint8Array(column.buffer), at)
    at += column.byteLength
  }
  return out
}

export function evidenceFromBytes(bytes: Uint8Array): Evidence {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Header
  let at = 4 + length
  const take = <T>(Type: { new (buffer: ArrayBufferLike): T; BYTES_PER_ELEMENT: number }, n: number): T => {
    const end = at + n * Type.BYTES_PER_ELEMENT
    // A copy: numbers must lie on multiples of their size. (`slice` of a database's buffer would be none.)
    const column = new Type(new Uint8Array(bytes.subarray(at, end)).buffer)
    at = end
    return column
  }
  const wordsOf = (column: (typeof words)[number], n: number): ((i: number) => string) => {
    const [at, known] = [take(Uint16Array, n), header.words[column]]
    return (i) => known[at[i]!]!
  }
  const { base, sent } = header
  const [baseSegment, baseGroup] = [wordsOf('segment', base), wordsOf('group', base)]
  const [segment, group, offer, kind, channel, part] = [
    wordsOf('segment', sent), wordsOf('group', sent), wordsOf('offer', sent), wordsOf('kind', sent), wordsOf('channel', sent), wordsOf('part', sent),
  ] // prettier-ignore
  const isRead = take(Uint16Array, sent)
  const b = baseNumbers.map(() => take(Float32Array, base))
  const s = sentNumbers.map(() => take(Float32Array, sent))
  // Spelled out, not put together in a loop over the names: all cells have one shape then, and are made in a sixth of the time.
  return {
    seasons: header.seasons,
    base: Array.from({ length: base }, (_, i): BaseCell => ({
      segment: baseSegment(i), group: baseGroup(i), exposure: b[0]![i]!, orders: b[1]![i]!, spent_cents: b[2]![i]!, discount_cents: b[3]![i]!,
    })), // prettier-ignore
    sent: Array.from({ length: sent }, (_, i): SentCell => ({
      segment: segment(i), group: group(i), offer: offer(i), kind: kind(i) as SentCell['kind'], channel: channel(i) as SentCell['channel'], part: part(i) as SentCell['part'],
      isRead: isRead[i] === 1, n: s[0]![i]!, opens: s[1]![i]!, clicks: s[2]![i]!, leaves: s[3]![i]!, orders: s[4]![i]!, spent_cents: s[5]![i]!, discount_cents: s[6]![i]!,
      opened_orders: s[7]![i]!, opened_spent_cents: s[8]![i]!, opened_discount_cents: s[9]![i]!,
      exposure: s[10]![i]!, opened_exposure: s[11]![i]!, later_excess: s[12]![i]!, later_variance: s[13]![i]!, later_share: s[14]![i]!,
    })), // prettier-ignore
  }
}
