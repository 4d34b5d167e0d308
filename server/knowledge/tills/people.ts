import { readCustomerRow, type CustomerFacts } from '#core/knowledge/import-customer.ts'
import { readNamed } from '#core/knowledge/named-row.ts'
import type { Identity, TillPerson } from '#core/knowledge/till.ts'
import type { Shop } from '../ingest/batch.ts'
import type { Told } from './process.ts'

/** Everything that the hooks of a batch say about one person. */
export interface Person {
  key: string
  tillId: string | null
  person: TillPerson
  /** of a profile: when it was so; null: only an order speaks of them */
  at: Date | null
  /** hooks about the person, and those of their orders */
  told: Told[]
  orders: Told[]
}

/** The key of a buyer: their number at the till, or the address of a guest. */
export function personKey(person: TillPerson): string {
  if (person.tillId !== null) return `id ${person.tillId}`
  const { email, phone } = person.row.values
  return `guest ${(email ?? phone ?? '').trim().toLowerCase()}`
}

/** One entry per person: the latest profile wins; without one the first order says who it is. Consents add up. */
export function collectPeople(told: readonly Told[]): Map<string, Person> {
  const people = new Map<string, Person>()
  for (const t of told) {
    const { fact } = t
    if (fact.kind !== 'customer' && fact.kind !== 'order') continue
    const person = fact.person
    if (!person) continue
    const key = personKey(person)
    const at = fact.kind === 'customer' && fact.profile ? fact.at : null
    const known = people.get(key)
    if (!known) {
      people.set(key, {
        key,
        tillId: person.tillId,
        person,
        at,
        told: fact.kind === 'customer' ? [t] : [],
        orders: fact.kind === 'order' ? [t] : [],
      })
      continue
    }
    ;(fact.kind === 'customer' ? known.told : known.orders).push(t)
    const newer = at !== null && (known.at === null || at >= known.at)
    const consents = [...known.person.consents, ...person.consents]
    // Of several that only add, each may add what the others leave out.
    const row = newer
      ? person.row
      : known.at !== null
        ? known.person.row
        : { ...known.person.row, values: { ...defined(person.row.values), ...defined(known.person.row.values) } }
    known.person = { tillId: person.tillId, row, consents }
    if (newer) known.at = at
  }
  return people
}

const defined = (values: TillPerson['row']['values']): TillPerson['row']['values'] =>
  Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined && v !== null))

const nothing: CustomerFacts = {
  externalId: null,
  email: null,
  phone: null,
  name: null,
  firstName: null,
  birthDate: null,
  ageStatus: null,
  address: null,
  city: null,
  state: null,
  zip: null,
  store: null,
  tags: null,
  emailConsent: null,
  smsConsent: null,
  consentSource: null,
  consentAt: null,
  consentText: null,
}

/** By the rules of an import. The number stands in so that nobody is refused for having no address. */
export function factsOf(person: TillPerson, shop: Shop): CustomerFacts {
  const read = readNamed(
    readCustomerRow,
    { ...person.row, values: { ...person.row.values, external_id: person.tillId ?? 'guest' } },
    shop.rules,
  )
  return read.facts ? { ...read.facts, externalId: null } : nothing
}

/** What of it to write: a profile all, an order only what is not known yet. Null: nothing. */
export function wantedFacts(facts: CustomerFacts, identity: Identity, isProfile: boolean): CustomerFacts | null {
  const { target, externalId, email, phone } = identity
  const known = { ...facts, externalId, email, phone }
  if (externalId === null && email === null && phone === null) return null
  if (!target || isProfile) return known
  // A guest is found by the address alone, so it is said again.
  const isGuest = externalId === null
  const fills: CustomerFacts = {
    ...nothing,
    externalId,
    email: isGuest || target.email === null ? email : null,
    phone: isGuest || target.phone === null ? phone : null,
    ...(target.has_name ? {} : { name: facts.name, firstName: facts.firstName }),
    ...(target.has_place ? {} : { address: facts.address, city: facts.city, state: facts.state, zip: facts.zip }),
  }
  const said = new Set([externalId, target.email, target.phone, null])
  return Object.values(fills).some((value) => !said.has(value as string | null)) ? fills : null
}
