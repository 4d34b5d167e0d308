import type { PoolClient } from 'pg'
import type { ConsentFacts } from '#core/knowledge/import-consent.ts'
import type { TillConsent } from '#core/knowledge/till.ts'
import type { Ctx } from '../../context.ts'
import { stage } from '../ingest/batch.ts'
import { consentStaging, mergeConsentList } from '../import/merge-consents.ts'
import type { TillRow } from './process.ts'

interface Said extends TillConsent {
  customer: string
}

/**
 * What people said in the shop, as statements with proof. Tills repeat the last statement with every change of a
 * customer, so each counts once; a no does not reach behind a yes that was given later and elsewhere, with proof. A yes
 * never undoes a no (merge-consents.ts).
 */
export async function applyConsents(
  ctx: Ctx,
  tx: PoolClient,
  till: TillRow,
  given: readonly { customer: string | undefined; consents: readonly TillConsent[] }[],
): Promise<void> {
  const said = given.flatMap(({ customer, consents }) =>
    customer ? consents.map((c): Said => ({ ...c, customer })) : [],
  )
  if (said.length === 0) return
  const { rows } = await tx.query<{
    n: number
    external_id: string | null
    email: string | null
    phone: string | null
  }>(
    `select g.n, c.external_id, c.email::text as email, c.phone
     from jsonb_to_recordset($1::jsonb) as g(n int, customer uuid, channel text, status text, source text, at timestamptz)
     join customers as c on c.id = g.customer
     where c.deleted_at is null
       and not exists (select from consents as k where k.customer_id = c.id and k.channel = g.channel and k.status = g.status
         and k.source = g.source and k.given_at = g.at)
       and not (g.status = 'denied' and exists (select from consents as k where k.customer_id = c.id and k.channel = g.channel
         and k.status = 'granted' and k.given_at > g.at and not starts_with(k.source, $2)))
     order by g.n`,
    [
      JSON.stringify(
        said.map(({ customer, channel, status, source, at }, n) => ({
          n,
          customer,
          channel,
          status,
          source,
          at: at.toISOString(),
        })),
      ),
      `${till.prefix}:`,
    ],
  )
  const facts = rows.map(({ n, external_id: externalId, email, phone }): { line: number; facts: ConsentFacts } => {
    const { channel, status, source, at, textVersion } = said[n]!
    return { line: n, facts: { externalId, email, phone, channel, status, source, givenAt: at, textVersion } }
  })
  // The no first: in a list the newest statement decides, but whoever said no once is not subscribed by a later hook.
  for (const status of ['denied', 'granted'] as const) {
    const some = facts.filter((f) => f.facts.status === status)
    if (some.length === 0) continue
    await stage(tx, consentStaging(ctx.config), some)
    await mergeConsentList(tx, { importId: null })
  }
}
