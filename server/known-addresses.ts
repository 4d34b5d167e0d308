import type { ClientBase } from 'pg'

export interface KnownAddress {
  channel: 'email' | 'sms'
  address: string
}

/** Every address of these people: those they have, and those that messages went to before. An address may come twice. */
export async function knownAddresses(
  tx: ClientBase,
  people: readonly { id: string; email: string | null; phone: string | null }[],
): Promise<KnownAddress[]> {
  const { rows: former } = await tx.query<KnownAddress>(
    `select distinct s.channel, s.recipient as address from sends as s where s.customer_id = any($1::uuid[]) and s.recipient <> 'erased'`,
    [people.map((p) => p.id)],
  )
  return [
    ...people.flatMap((p) => (p.email ? [{ channel: 'email' as const, address: p.email }] : [])),
    ...people.flatMap((p) => (p.phone ? [{ channel: 'sms' as const, address: p.phone }] : [])),
    ...former,
  ]
}
