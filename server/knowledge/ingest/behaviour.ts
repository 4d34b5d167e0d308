import type { PoolClient } from 'pg'
import type { z } from 'zod'
import { BehaviourInput, type ingest } from '#contract/ingest.ts'
import { isOwnEvent } from '#core/knowledge/behaviour.ts'
import { readEmail, readPhone } from '#core/knowledge/read-value.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { appendEvents, type NewEvent } from '../../events.ts'
import { inTurn, parseBatch, textOf, type Remark } from './batch.ts'

type Answer = z.input<typeof ingest.events.reply>
type Outcome = Answer['outcomes'][number]

interface Ref {
  external_id: string | null
  email: string | null
  phone: string | null
}

const dayMs = 86_400_000
const nobody = 'No customer has this number, email or phone. Send the customer first.'
const several = 'Customer number, email and phone belong to different customers.'

/** What people did in the shop, appended as events of the customers they are. Throws nothing for a bad item: it is answered. */
export async function ingestEvents(ctx: Ctx, actor: Actor, given: readonly unknown[]): Promise<Answer> {
  const now = ctx.clock().getTime()
  const outcomes = new Map<number, Outcome>()
  const put = (index: number, outcome: Outcome['outcome'], errors: Remark[] = []): void =>
    void outcomes.set(index, { index, id: textOf(given[index], 'id'), outcome, errors })
  const { good, bad } = parseBatch('events', given, BehaviourInput)
  for (const { index, errors } of bad) put(index, 'refused', errors)
  const ready: { index: number; event: BehaviourInput; ref: Ref }[] = []
  for (const { index, item } of good) {
    const { ref, errors } = readRef(item, `events.${index}`)
    if (isOwnEvent(item.type))
      errors.push({ path: `events.${index}.type`, message: `${item.type} is written by us; choose another name.` })
    const at = new Date(item.at).getTime()
    if (at > now + dayMs) errors.push({ path: `events.${index}.at`, message: 'The event lies in the future.' })
    if (at < Date.UTC(2000, 0, 1)) errors.push({ path: `events.${index}.at`, message: 'The event lies before 2000.' })
    if (errors.length > 0) put(index, 'refused', errors)
    else ready.push({ index, event: item, ref })
  }
  if (ready.length > 0) {
    await inTurn(ctx, async (tx) => {
      const whose = await findCustomers(
        tx,
        ready.map((r) => r.ref),
      )
      const fresh = new Map<string, { index: number; event: NewEvent }>()
      for (const [n, { index, event }] of ready.entries()) {
        const { customer, conflict } = whose[n]!
        const key = `client:${event.id}`
        if (customer === null || conflict)
          put(index, 'refused', [{ path: `events.${index}.customer`, message: conflict ? several : nobody }])
        else if (fresh.has(key)) put(index, 'duplicate')
        else
          fresh.set(key, {
            index,
            event: {
              type: event.type,
              at: new Date(event.at),
              key,
              customerId: customer,
              valueCents: event.value_cents ?? null,
              properties: event.properties,
            },
          })
      }
      const { rows } = await tx.query<{ key: string }>(
        'select k.key from event_keys as k where k.key = any($1::text[])',
        [[...fresh.keys()]],
      )
      for (const { key } of rows) {
        put(fresh.get(key)!.index, 'duplicate')
        fresh.delete(key)
      }
      await appendEvents(
        tx,
        [...fresh.values()].map((f) => f.event),
      )
      for (const { index } of fresh.values()) put(index, 'created')
      await audit(tx, actor, { action: 'events.ingested', entity: 'events', after: { events: fresh.size } })
    })
  }
  const all = [...outcomes.values()].sort((a, b) => a.index - b.index)
  const number = (outcome: Outcome['outcome']): number => all.filter((o) => o.outcome === outcome).length
  return {
    received: given.length,
    created: number('created'),
    duplicate: number('duplicate'),
    refused: number('refused'),
    outcomes: all,
  }
}

function readRef(event: BehaviourInput, path: string): { ref: Ref; errors: Remark[] } {
  const errors: Remark[] = []
  const { external_id: externalId, email, phone } = event.customer
  const mail = email === undefined ? null : readEmail(email)
  const number = phone === undefined ? null : readPhone(phone)
  if (mail?.fault !== undefined) errors.push({ path: `${path}.customer.email`, message: mail.fault })
  if (number?.fault !== undefined) errors.push({ path: `${path}.customer.phone`, message: number.fault })
  return {
    ref: { external_id: externalId ?? null, email: mail?.value ?? null, phone: number?.value ?? null },
    errors,
  }
}

/** Whom each reference means, in its order: one look at each of the three indexes. */
async function findCustomers(
  tx: PoolClient,
  refs: readonly Ref[],
): Promise<{ customer: string | null; conflict: boolean }[]> {
  const { rows } = await tx.query<{ customer: string | null; conflict: boolean }>(
    `select coalesce(e.id, m.id, p.id) as customer,
       coalesce(e.id <> m.id, false) or coalesce(e.id <> p.id, false) or coalesce(m.id <> p.id, false) as conflict
     from jsonb_to_recordset($1::jsonb) as r(n int, external_id text, email text, phone text)
     left join customers as e on e.external_id = r.external_id and e.deleted_at is null
     left join customers as m on m.email = r.email::citext and m.deleted_at is null
     left join customers as p on p.phone = r.phone and p.deleted_at is null
     order by r.n`,
    [JSON.stringify(refs.map((ref, n) => ({ n, ...ref })))],
  )
  return rows
}
