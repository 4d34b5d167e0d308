import { parsePhoneNumberFromString } from 'libphonenumber-js/min'

/** A value, or the sentence that says what is wrong with it. */
export type Read<T> = { value: T; fault?: undefined } | { value?: undefined; fault: string }

const local = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Address in lower case. Length caps of RFC 5321 §4.5.3.1; quoted local parts are refused, no shop has them. */
export function readEmail(text: string): Read<string> {
  const email = text
    .trim()
    .replace(/^<(.*)>$/, '$1')
    .replace(/^mailto:/i, '')
    .toLowerCase()
  if (email.length > 254) return { fault: 'The email address is longer than 254 characters.' }
  const at = email.lastIndexOf('@')
  const name = email.slice(0, at)
  const domain = email.slice(at + 1)
  const labels = domain.split('.')
  const ok =
    at > 0 &&
    name.length <= 64 &&
    local.test(name) &&
    labels.length >= 2 &&
    labels.every((l) => label.test(l)) &&
    !/^\d+$/.test(labels.at(-1) ?? '')
  return ok ? { value: email } : { fault: 'This is not an email address like name@example.com.' }
}

/** E.164 number of somebody who can be called: no extensions, no emergency or short numbers. @param country for numbers without + */
export function readPhone(text: string, country: 'US' | 'CA' = 'US'): Read<string> {
  const digits = text.replace(/\D/g, '')
  if (digits === '911' || digits === '1911' || digits === '112') return { fault: 'This is an emergency number.' }
  if (digits.length < 7)
    return { fault: 'This is not a full phone number; write it with area code, like (212) 555-0123.' }
  if (text.length > 60) return { fault: 'The phone number is longer than 60 characters.' }
  const national = /^[\d ().-]+$/.test(text)
    ? digits.length === 11 && digits[0] === '1'
      ? digits.slice(1)
      : digits
    : ''
  if (national.length === 10) return readNational(national, country)
  return readAny(text, country)
}

const exchanges = new Map<string, boolean>()
/**
 * Ten digits of the North American plan. Whether a number exists is settled by area code and exchange, and a shop has few
 * of them: the library is asked once for each, as it takes longer than all other cells of a row.
 */
function readNational(digits: string, country: 'US' | 'CA'): Read<string> {
  const exchange = country + digits.slice(0, 7)
  let isValid = exchanges.get(exchange)
  if (isValid === undefined) {
    isValid = readAny(digits, country).fault === undefined
    if (exchanges.size > 100_000) exchanges.clear()
    exchanges.set(exchange, isValid)
  }
  return isValid ? { value: `+1${digits}` } : { fault: 'No phone has this number; check the digits and the area code.' }
}

function readAny(text: string, country: 'US' | 'CA'): Read<string> {
  const parsed = parsePhoneNumberFromString(text, { defaultCountry: country, extract: false })
  if (!parsed) return { fault: 'This is not a phone number; write it with area code, like (212) 555-0123.' }
  if (parsed.ext)
    return { fault: 'A number with an extension cannot get messages; give the direct number or leave it empty.' }
  if (!parsed.isValid()) return { fault: 'No phone has this number; check the digits and the area code.' }
  return { value: parsed.number }
}

const yes = new Set([
  'yes',
  'y',
  'true',
  't',
  '1',
  'on',
  'x',
  'granted',
  'opted in',
  'optedin',
  'opt in',
  'optin',
  'subscribed',
  'subscribe',
  'confirmed',
  'accepted',
  'allowed',
  'active',
])
const no = new Set([
  'no',
  'n',
  'false',
  'f',
  '0',
  'off',
  'denied',
  'opted out',
  'optedout',
  'opt out',
  'optout',
  'unsubscribed',
  'unsubscribe',
  'declined',
  'refused',
  'revoked',
  'stop',
  'removed',
  'blocked',
  'never',
  'do not contact',
  'cleaned',
  'bounced',
  'complained',
  'inactive',
])
const unknown = new Set([
  'unknown',
  'n a',
  'na',
  'none',
  'null',
  'pending',
  'not set',
  'not subscribed',
  'never subscribed',
  'transactional',
])

/** Yes or no in the words of common exports; null for unknown. */
export function readFlag(text: string): Read<boolean | null> {
  const word = text
    .trim()
    .toLowerCase()
    .replace(/[-_/.]+/g, ' ')
  if (yes.has(word)) return { value: true }
  if (no.has(word)) return { value: false }
  if (word === '' || unknown.has(word)) return { value: null }
  return { fault: 'Write yes, no or leave it empty.' }
}

/** ZIP or ZIP+4; a ZIP that lost its leading zeros to a spreadsheet gets them back. */
export function readZip(text: string): Read<string> {
  const zip = text.trim().replace(/\.0$/, '')
  const m = /^(\d{3,5})(?:-(\d{4}))?$|^(\d{5})(\d{4})$/.exec(zip)
  if (!m) return { fault: 'A US ZIP has five digits, or nine like 10001-1234.' }
  const five = (m[1] ?? m[3] ?? '').padStart(5, '0')
  const four = m[2] ?? m[4]
  return { value: four ? `${five}-${four}` : five }
}

/** Decimal number with point or thousands commas, bounded. */
export function readNumber(text: string, least: number, most: number): Read<number> {
  const s = text
    .trim()
    .replace(/^(-?\d{1,3})((?:,\d{3})+)(?=\.|$)/, (_, a: string, b: string) => a + b.replaceAll(',', ''))
  const value = /^[+-]?(\d+(\.\d*)?|\.\d+)$/.test(s) ? Number(s) : Number.NaN
  if (!Number.isFinite(value)) return { fault: 'This is not a number.' }
  if (value < least || value > most) return { fault: `The number must lie between ${least} and ${most}.` }
  return { value }
}

const units: Record<string, number> = {
  ml: 1,
  cl: 10,
  l: 1000,
  lt: 1000,
  liter: 1000,
  litre: 1000,
  liters: 1000,
  oz: 29.5735,
  floz: 29.5735,
}

/** Bottle size in millilitres: "750", "750 mL", "1.75L", "12 fl oz". */
export function readSizeMl(text: string): Read<number> {
  const m = /^(\d+(?:\.\d+)?|\.\d+)\s*([a-z. ]*)$/.exec(text.trim().toLowerCase())
  const factor = m ? units[(m[2] ?? '').replace(/[. ]/g, '') || 'ml'] : undefined
  const ml = m && factor ? Math.round(Number(m[1]) * factor) : 0
  return ml >= 1 && ml <= 1_000_000 ? { value: ml } : { fault: 'Write the size like 750 ml or 1.75 L.' }
}

/** Trims, folds white space, refuses what is longer than `most` characters. Empty text is null. */
export function readText(text: string, most: number): Read<string | null> {
  // oxlint-disable-next-line no-control-regex -- control characters are what is removed
  const clean = text
    .normalize('NFC')
    .replace(/[\u0000-\u001f\u007f\u200b\ufeff\s]+/g, ' ')
    .trim()
  if (clean.length > most) return { fault: `The text is longer than ${most} characters.` }
  return { value: clean === '' ? null : clean }
}
