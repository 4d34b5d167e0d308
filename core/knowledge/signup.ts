import { ageOn, earliestLocalDay } from '../compliance/age.ts'
import { readEmail, readPhone, readText, readZip, type Read } from './read-value.ts'

export type SignupChannel = 'email' | 'sms'

/** What a sign-up form asks for. */
export interface SignupRules {
  channels: readonly SignupChannel[]
  asks_name: boolean
  asks_zip: boolean
  now: Date
}

export interface Signup {
  /** address of each channel the person agreed to; never empty */
  addresses: { channel: SignupChannel; address: string }[]
  first_name: string | null
  birth_date: string
  zip: string | null
}

/** Fields of the form as they are posted. */
export const signupFields = [
  'first_name',
  'email',
  'phone',
  'birth_month',
  'birth_day',
  'birth_year',
  'zip',
  'store',
  'consent_email',
  'consent_sms',
] as const
export type SignupField = (typeof signupFields)[number]
export type SignupFaults = Partial<Record<SignupField, string>>

export type SignupRead =
  | { kind: 'ok'; signup: Signup }
  | { kind: 'faults'; faults: SignupFaults }
  /** nothing of it may be kept */
  | { kind: 'under_age' }

/** The drinking age of every US state (23 U.S.C. §158). */
export const signupAge = 21
// Where the day ends last in the United States: whoever is not 21 there yet may not be 21 at home.
const lastZone = 'Pacific/Pago_Pago'

/**
 * Reads a posted sign-up. The date of birth is asked in full, because a yes to "are you 21?" proves nothing (carriers
 * refuse such a gate for alcohol). Who is under age gets no other fault shown, so that nothing else can be guessed at.
 */
export function readSignup(posted: Readonly<Record<string, string>>, rules: SignupRules): SignupRead {
  const faults: SignupFaults = {}
  const text = (field: SignupField): string => (posted[field] ?? '').trim()
  const birthDate = readBirth(text('birth_year'), text('birth_month'), text('birth_day'), rules.now)
  if (birthDate.fault !== undefined) faults.birth_month = birthDate.fault
  else if (ageOn(birthDate.value, earliestLocalDay(rules.now, [lastZone])) < signupAge) return { kind: 'under_age' }

  const addresses: Signup['addresses'] = []
  for (const channel of rules.channels) {
    const field = channel === 'email' ? 'email' : 'phone'
    const agreed = text(`consent_${channel}`) === 'on'
    const typed = text(field)
    if (!agreed) {
      if (typed !== '')
        faults[`consent_${channel}`] =
          `Tick the box if you want ${channel === 'email' ? 'emails' : 'texts'}, or leave the ${channel === 'email' ? 'address' : 'number'} empty.`
      continue
    }
    if (typed === '') {
      faults[field] = channel === 'email' ? 'Write your email address.' : 'Write your mobile number.'
      continue
    }
    const read = channel === 'email' ? readEmail(typed) : readPhone(typed)
    if (read.fault !== undefined) faults[field] = read.fault
    else addresses.push({ channel, address: read.value })
  }
  const saysNothing = rules.channels.every((c) => text(`consent_${c}`) !== 'on' && !faults[`consent_${c}`])
  if (saysNothing) faults[`consent_${rules.channels[0] ?? 'email'}`] = 'Tick the box to agree.'

  const name: Read<string | null> = rules.asks_name ? readText(posted['first_name'] ?? '', 60) : { value: null }
  if (name.fault !== undefined) faults.first_name = name.fault
  const zip: Read<string | null> = rules.asks_zip && text('zip') !== '' ? readZip(text('zip')) : { value: null }
  if (zip.fault !== undefined) faults.zip = zip.fault
  if (Object.keys(faults).length > 0 || birthDate.fault !== undefined) return { kind: 'faults', faults }
  return {
    kind: 'ok',
    signup: { addresses, first_name: name.value ?? null, birth_date: birthDate.value, zip: zip.value ?? null },
  }
}

function readBirth(
  year: string,
  month: string,
  day: string,
  now: Date,
): { value: string; fault?: undefined } | { fault: string } {
  if (!/^\d{1,2}$/.test(month) || !/^\d{1,2}$/.test(day) || !/^\d{4}$/.test(year))
    return { fault: 'Write your whole date of birth: month, day and four digits of the year.' }
  const value = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const at = new Date(`${value}T00:00:00Z`)
  // A day that does not exist becomes another one, or none.
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== value)
    return { fault: 'This day does not exist.' }
  if (at > now) return { fault: 'The date of birth lies in the future.' }
  if (now.getUTCFullYear() - Number(year) > 120) return { fault: 'Check the year of birth.' }
  return { value }
}

/** The words somebody agrees to, as they stand on the page. */
export function consentWords(text: string, shop: string): string {
  return text.replaceAll('{shop}', shop)
}

/** "sms v3": how a version is named wherever consent is shown. */
export function textVersionOf(channel: SignupChannel, version: number): string {
  return `sign-up ${channel} v${version}`
}
