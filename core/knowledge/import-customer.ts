import { readDay, readInstant } from './read-date.ts'
import { readEmail, readFlag, readPhone, readZip } from './read-value.ts'
import type { RowReader, RowResult, RowRules } from './row-reader.ts'
import { readState } from './states.ts'

export type ConsentStatus = 'granted' | 'denied'
export type AgeStatus = 'dob_verified' | 'attested' | 'unknown' | 'under_age'

/** What a row says about a customer; null: the row says nothing about it. */
export interface CustomerFacts {
  externalId: string | null
  email: string | null
  phone: string | null
  name: string | null
  firstName: string | null
  birthDate: string | null
  ageStatus: AgeStatus | null
  address: string | null
  city: string | null
  state: string | null
  zip: string | null
  store: string | null
  tags: string[] | null
  emailConsent: ConsentStatus | null
  smsConsent: ConsentStatus | null
  consentSource: string | null
  consentAt: Date | null
  consentText: string | null
}

/** Reads one customer row. A row with any bad cell is refused whole, so that nobody is stored half. */
export function readCustomerRow(row: RowReader, rules: RowRules): RowResult<CustomerFacts> {
  const externalId = row.text('external_id', 100)
  const email = row.read('email', readEmail)
  const phone = row.read('phone', (t) => readPhone(t, rules.country))
  if (!row.isFaulty() && externalId === null && email === null && phone === null) {
    row.refuse('email', 'The row has no email, no phone and no customer number, so it is nobody.')
  }
  const { name, firstName } = nameOf(row.text('name', 200), row.text('first_name', 100), row.text('last_name', 100))
  const birthDate = row.read('birth_date', (t) => {
    const day = readDay(t, rules, rules.now)
    if (day === null) return { fault: 'This is not a date that exists; write it like 1984-05-31.' }
    if (day > dayOf(rules.now)) return { fault: 'The birth date lies in the future.' }
    return yearsBetween(day, rules.now) > 120 ? { fault: 'The birth date is more than 120 years ago.' } : { value: day }
  })
  const attested = row.read('age_verified', readFlag)
  const state = row.read('state', (t) => {
    const code = readState(t)
    return code ? { value: code } : { fault: 'This is not a US state; write it like NY or New York.' }
  })
  const consentAt = row.read('consent_date', (t) => {
    const at = readInstant(t, rules, rules.now)
    if (!at) return { fault: 'This is not a date that exists; write it like 2024-05-31.' }
    return at.getTime() > rules.now.getTime() + 86_400_000
      ? { fault: 'Consent cannot be given in the future.' }
      : { value: at }
  })
  const consentSource = row.text('consent_source', 200)
  const consent = (field: 'email_consent' | 'sms_consent'): ConsentStatus | null => {
    const given = row.read(field, readFlag)
    if (given === null) return null
    if (!given) return 'denied'
    if (consentSource !== null && consentAt !== null) return 'granted'
    row.note(field, 'A yes without source and date of the consent is no proof; it is counted as unknown.')
    return null
  }
  const facts: CustomerFacts = {
    externalId,
    email,
    phone,
    name,
    firstName,
    birthDate,
    ageStatus: ageStatusOf(birthDate, attested, rules.now),
    address: row.text('address', 300),
    city: row.text('city', 100),
    state,
    zip: row.read('zip', readZip),
    store: row.text('store', 100),
    tags: tagsOf(row.text('tags', 1000)),
    emailConsent: consent('email_consent'),
    smsConsent: consent('sms_consent'),
    consentSource,
    consentAt,
    consentText: row.text('consent_text', 200),
  }
  return row.result(facts)
}

/** Age as far as a file proves it; null when it says nothing. 21 is the drinking age of every US state (23 U.S.C. §158). */
export function ageStatusOf(birthDate: string | null, attested: boolean | null, now: Date): AgeStatus | null {
  if (birthDate !== null) return yearsBetween(birthDate, now) >= 21 ? 'dob_verified' : 'under_age'
  if (attested === true) return 'attested'
  return attested === false ? 'unknown' : null
}

function yearsBetween(day: string, now: Date): number {
  const today = dayOf(now)
  const years = Number(today.slice(0, 4)) - Number(day.slice(0, 4))
  return today.slice(5) < day.slice(5) ? years - 1 : years
}

let lastNow: Date | null = null
let lastDay = ''
/** UTC day of an instant; a whole file is read at one instant, and formatting it is slow. */
function dayOf(now: Date): string {
  if (now !== lastNow) [lastNow, lastDay] = [now, now.toISOString().slice(0, 10)]
  return lastDay
}

/** "Doe, Jane" is turned round; the first name is the first word when no column gives it. */
export function nameOf(
  full: string | null,
  first: string | null,
  last: string | null,
): { name: string | null; firstName: string | null } {
  const turned = full ? full.replace(/^([^,]+), *([^,]+)$/, '$2 $1') : null
  const name = turned ?? ([first, last].filter(Boolean).join(' ') || null)
  const word = name?.split(' ')[0] ?? null
  return { name, firstName: first ?? (word && /^\p{L}/u.test(word) ? word : null) }
}

function tagsOf(text: string | null): string[] | null {
  if (text === null) return null
  const tags = [
    ...new Set(
      text
        .split(/[,;|]/)
        .map((t) => t.trim().toLowerCase().slice(0, 50))
        .filter(Boolean),
    ),
  ].sort()
  return tags.slice(0, 50)
}
