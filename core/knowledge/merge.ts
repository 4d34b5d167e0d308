import { ageStatusOf, type AgeStatus } from './import-customer.ts'

/** Fields whose value a person chooses when both customers have one. */
export const mergeFields = ['external_id', 'email', 'phone', 'name', 'birth_date', 'address', 'store_id'] as const
export type MergeField = (typeof mergeFields)[number]
export type Keep = Partial<Record<MergeField, 'this' | 'other'>>

type Consent = 'granted' | 'denied' | 'unknown'

/** A customer as a merge looks at it. */
export interface Mergeable {
  external_id: string | null
  email: string | null
  phone: string | null
  name: string | null
  first_name: string | null
  birth_date: string | null
  age_status: AgeStatus
  email_consent: Consent
  sms_consent: Consent
  address: string | null
  city: string | null
  state: string | null
  zip: string | null
  time_zones: string[]
  store_id: string | null
  tags: string[]
}

/**
 * What the kept customer becomes. A value that only one has is kept; where both have one, `keep` says whose, and this
 * one's by default. An address moves whole: street, city, state, ZIP and zones.
 */
export function mergeCustomers(mine: Mergeable, other: Mergeable, keep: Keep, now: Date): Mergeable {
  const from = (field: MergeField): Mergeable => {
    if (mine[field] === null) return other[field] === null ? mine : other
    return keep[field] === 'other' && other[field] !== null ? other : mine
  }
  const hasPlace = (c: Mergeable): boolean => c.address !== null || c.zip !== null || c.state !== null
  const [wanted, spare] = keep.address === 'other' ? [other, mine] : [mine, other]
  const place = hasPlace(wanted) ? wanted : spare
  const birthDate = from('birth_date').birth_date
  const email = from('email').email
  const phone = from('phone').phone
  return {
    external_id: from('external_id').external_id,
    email,
    phone,
    name: from('name').name,
    first_name: from('name').first_name,
    birth_date: birthDate,
    age_status: strictAge(mine, other, birthDate, now),
    email_consent: strictConsent('email', mine, other),
    sms_consent: strictConsent('sms', mine, other),
    address: place.address,
    city: place.city,
    state: place.state,
    zip: place.zip,
    time_zones: place.time_zones.length > 0 ? place.time_zones : [...mine.time_zones, ...other.time_zones],
    store_id: from('store_id').store_id,
    tags: [...new Set([...mine.tags, ...other.tags])].toSorted(),
  }
}

/**
 * The stricter consent wins: a no of either is a no, and two addresses of which one was never asked about count as not
 * asked. Where only one of them has an address on the channel, only that one can have said anything about it.
 */
function strictConsent(channel: 'email' | 'sms', mine: Mergeable, other: Mergeable): Consent {
  const field = channel === 'email' ? 'email_consent' : 'sms_consent'
  const address = channel === 'email' ? 'email' : 'phone'
  const said = [mine, other].map((c) => c[field])
  if (said.includes('denied')) return 'denied'
  const asked = [mine, other].filter((c) => c[address] !== null)
  if (asked.length === 0) return 'unknown'
  return asked.every((c) => c[field] === 'granted') ? 'granted' : 'unknown'
}

/** A birth date decides; without one, whoever was found to be under age stays so. */
function strictAge(mine: Mergeable, other: Mergeable, birthDate: string | null, now: Date): AgeStatus {
  if (birthDate !== null) return ageStatusOf(birthDate, null, now) ?? 'unknown'
  const known = [mine.age_status, other.age_status]
  if (known.includes('under_age')) return 'under_age'
  return known.includes('attested') ? 'attested' : 'unknown'
}

/** Why two customers may not become one, in a sentence; null when they may. */
export function whyNotMerge(
  mine: { id: string; is_live: boolean; is_demo: boolean },
  other: { id: string; is_live: boolean; is_demo: boolean },
): string | null {
  if (mine.id === other.id) return 'This is the same customer. Choose another one.'
  if (!mine.is_live || !other.is_live)
    return 'One of the two was deleted, merged or erased. Restore it first, or choose another one.'
  if (mine.is_demo !== other.is_demo) return 'Demo data goes away one day; do not merge it with a real customer.'
  return null
}
