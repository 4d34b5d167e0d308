import type { ConsentStatus } from './import-customer.ts'
import type { NamedRow } from './named-row.ts'
import type { Reason } from './row-reader.ts'
import type { OrderState, Refund } from './till-order.ts'

/** What somebody said in the shop about one channel, with its proof. */
export interface TillConsent {
  channel: 'email' | 'sms'
  status: ConsentStatus
  /** how it was given, as the till puts it */
  source: string
  at: Date
  textVersion: string | null
}

/** Whom a till means: by its own number, or a guest by address only. */
export interface TillPerson {
  tillId: string | null
  /** the fields of an import of customers */
  row: NamedRow
  consents: TillConsent[]
}

/** One hook in our words; each till's payloads are mapped onto this (server/adapters/tills). */
export type TillFact =
  /** an order as it is at `at`; person null: the till does not know whose it is */
  | { kind: 'order'; id: string; at: Date; state: OrderState; person: TillPerson | null }
  | { kind: 'order_gone'; id: string; at: Date; why: string }
  | { kind: 'refund'; orderId: string; refund: Refund }
  /** `profile`: all of it is told, so it overrides; else only what is said about consent */
  | { kind: 'customer'; at: Date; person: TillPerson; profile: boolean }
  | { kind: 'customer_gone'; id: string; at: Date }
  /** nothing to do, and why */
  | { kind: 'ignored'; why: string }
  /** a person must look at it: it cannot be used as it is */
  | { kind: 'refused'; reasons: Reason[] }

/** Fields of a person that are left empty when they cannot be read: an odd phone number must not keep an order out. */
export const lenientFields: ReadonlySet<string> = new Set([
  'email',
  'phone',
  'name',
  'first_name',
  'last_name',
  'address',
  'city',
  'state',
  'zip',
  'tags',
])

export interface KnownCustomer {
  id: string
  external_id: string | null
  email: string | null
  phone: string | null
  has_name: boolean
  has_place: boolean
  is_deleted: boolean
}

export interface Identity {
  /** who it is here; null: a new customer */
  target: KnownCustomer | null
  externalId: string | null
  /** addresses that may be written; the others belong to somebody else */
  email: string | null
  phone: string | null
  notes: string[]
}

/**
 * Who a person of a till is here. The till's own number wins, then the email, then the phone; an address that already
 * belongs to another customer stays with them, so nothing is ever torn from one customer to another.
 */
export function identify(
  person: { externalId: string | null; email: string | null; phone: string | null },
  known: { mapped: KnownCustomer | null; byEmail: KnownCustomer | null; byPhone: KnownCustomer | null },
): Identity {
  const { mapped, byEmail, byPhone } = known
  // A phone is shared in a household; it names somebody only where no email speaks against it.
  const phoneFits = byPhone !== null && (person.email === null || byPhone.email === null)
  const target = mapped ?? byEmail ?? (phoneFits ? byPhone : null)
  const notes: string[] = []
  let { email, phone } = person
  if (email !== null && byEmail !== null && byEmail.id !== target?.id) {
    email = null
    notes.push('The email belongs to another customer and was left there; merge the two if they are one person.')
  }
  if (phone !== null && byPhone !== null && byPhone.id !== target?.id) {
    phone = null
    notes.push('The phone belongs to another customer and was left there.')
  }
  return { target, externalId: target?.external_id ?? person.externalId, email, phone, notes }
}
