import type { RowRules } from '#core/knowledge/import-row.ts'
import type { TillFact } from '#core/knowledge/till.ts'

export type TillKind = 'shopify' | 'woocommerce'

/** What a till posted, proven to be from it. */
export interface Delivery {
  topic: string
  /** the same again is the same delivery */
  key: string
  sentAt: Date | null
}

export type Opened =
  | { kind: 'delivery'; delivery: Delivery }
  /** a call that only asks whether somebody is there */
  | { kind: 'ping' }
  | { kind: 'refused'; why: string }

export interface TillSettings {
  /** which number of the till is the number of an order here */
  orderNumber: 'id' | 'number'
  /** fields of an order in which a shop without consents of its own keeps them */
  consentFields: { email: string | null; sms: string | null }
}

export interface Reading {
  /** stands before the till's numbers */
  prefix: string
  currency: string
  settings: TillSettings
  rules: RowRules
}

/** One kind of till or web shop: proves what it posts, and maps it onto our facts. No IO. */
export interface Till {
  kind: TillKind
  label: string
  /** what a shop should subscribe to */
  topics: readonly string[]
  /** whether the till makes its own signing secret, so that it is copied to us and not from us */
  ownsSecret: boolean
  open(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    body: Buffer,
    secrets: readonly string[],
  ): Opened
  /** @param at when the hook was sent, where the payload does not say when the thing happened */
  read(topic: string, body: Buffer, at: Date, reading: Reading): TillFact
}

export type Tills = Readonly<Record<TillKind, Till>>
