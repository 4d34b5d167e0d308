/** How an SMS will be cut and billed (3GPP TS 23.038 / 23.040). */
export interface SmsSize {
  encoding: 'GSM-7' | 'UCS-2'
  segments: number
  /** septets (GSM-7) or UTF-16 units (UCS-2) */
  units: number
  /** units left in the last segment */
  left: number
}

const basic = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
const extended = new Set('\f^{}\\[~]|€')

/** Size of a text as the phone network counts it; an escape or surrogate pair is never split over two segments. */
export function measureSms(text: string): SmsSize {
  const characters = Array.from(text)
  const isGsm = characters.every((c) => basic.has(c) || extended.has(c))
  const cost = (c: string): number => (isGsm ? (extended.has(c) ? 2 : 1) : c.length)
  const [single, each] = isGsm ? [160, 153] : [70, 67]
  const units = characters.reduce((sum, c) => sum + cost(c), 0)
  const encoding = isGsm ? 'GSM-7' : 'UCS-2'
  if (units <= single) return { encoding, segments: units === 0 ? 0 : 1, units, left: single - units }
  let segments = 1
  let used = 0
  for (const c of characters) {
    if (used + cost(c) > each) {
      segments += 1
      used = 0
    }
    used += cost(c)
  }
  return { encoding, segments, units, left: each - used }
}

const plainer: Record<string, string> = {
  '\u2018': "'",
  '\u2019': "'",
  '\u201a': "'",
  '\u201c': '"',
  '\u201d': '"',
  '\u201e': '"',
  '\u2013': '-',
  '\u2014': '-',
  '\u2011': '-',
  '\u2026': '...',
  '\u00a0': ' ',
  '\u202f': ' ',
  '\u2009': ' ',
  '\u2022': '-',
  '\u00b7': '-',
  '\u0060': "'",
  '\u00b4': "'",
  '\u00e7': 'c',
  '\u200b': '',
  '\ufeff': '',
}

/** Replaces typographic characters that would force UCS-2 by their plain twins: half the cost, same reading. */
export function plainSms(text: string): string {
  return Array.from(text, (c) => plainer[c] ?? c).join('')
}
