import type { PoolClient } from 'pg'
import type { CustomerFacts } from '#core/knowledge/import-customer.ts'
import { identify, type Identity, type KnownCustomer } from '#core/knowledge/till.ts'
import { audit, systemActor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { saidOf, stage, type Shop } from '../ingest/batch.ts'
import { customerStaging, mergeCustomers } from '../import/merge-customers.ts'
import { applyConsents } from './apply-consents.ts'
import { collectPeople, factsOf, wantedFacts, type Person } from './people.ts'
import type { TillRow, Told } from './process.ts'

interface CustomerMemory {
  at?: string
  gone?: string
}

interface RecordRow extends KnownCustomer {
  till_id: string
  customer_id: string | null
  state: CustomerMemory
}

const knownColumns = `c.id, c.external_id, c.email::text as email, c.phone, c.name is not null as has_name,
  (c.address is not null or c.city is not null or c.state is not null or c.zip is not null) as has_place, c.deleted_at is not null as is_deleted`

/**
 * Customers of a batch: profiles, consents and deletions, and the buyers of its orders where they are new. Returns whom
 * each key of an order means here.
 */
export async function applyCustomers(
  ctx: Ctx,
  tx: PoolClient,
  till: TillRow,
  shop: Shop,
  told: readonly Told[],
): Promise<Map<string, string>> {
  const people = collectPeople(told)
  const ids = [...people.values()].flatMap((p) => p.tillId ?? [])
  const gone = told.flatMap((t) => (t.fact.kind === 'customer_gone' ? [t.fact.id] : []))
  const records = await readRecords(tx, till.id, [...ids, ...gone])
  const found = await findByAddress(
    tx,
    [...people.values()].map(({ person }) => factsOf(person, shop)),
  )
  const staged: { line: number; facts: CustomerFacts }[] = []
  const list = [...people.values()]
  const whom = new Map<string, string>()
  const identities = new Map<string, Identity>()
  const late: Person[] = []
  list.forEach((p, line) => {
    const record = p.tillId === null ? undefined : records.get(p.tillId)
    if (record?.state.gone !== undefined) {
      settle(p, 'It was deleted in the shop before.')
      if (record.customer_id !== null) whom.set(p.key, record.customer_id)
      // An order that comes after its customer's deletion still has a buyer: they are stored, and deleted again below.
      if (record.customer_id !== null || p.orders.length === 0) return
      late.push(p)
    }
    const facts = factsOf(p.person, shop)
    const own = p.tillId === null ? null : `${till.prefix}:${p.tillId}`
    const identity = identify(
      { externalId: own, email: facts.email, phone: facts.phone },
      {
        mapped: record?.customer_id ? record : null,
        byEmail: facts.email === null ? null : (found.get(facts.email) ?? null),
        byPhone: facts.phone === null ? null : (found.get(facts.phone) ?? null),
      },
    )
    identities.set(p.key, identity)
    if (identity.target) whom.set(p.key, identity.target.id)
    const isOld = p.at !== null && record?.state.at !== undefined && p.at.toISOString() < record.state.at
    const write = isOld ? null : wantedFacts(facts, identity, p.at !== null)
    if (write && !identity.target?.is_deleted) staged.push({ line, facts: write })
    else if (p.at !== null && isOld) settle(p, 'A later state of this customer is known.')
    else if (identity.target?.is_deleted) settle(p, 'This customer was deleted here; the profile stays as it is.')
  })
  await giveNumbers(tx, [...identities.values()])
  await mergePeople(ctx, tx, till, shop, list, staged, whom)
  await applyConsents(
    ctx,
    tx,
    till,
    list.map(({ key, person }) => ({ customer: whom.get(key), consents: person.consents })),
  )
  await remember(tx, till.id, list, whom)
  for (const p of list) {
    const notes = identities.get(p.key)?.notes ?? []
    if (whom.has(p.key)) settle(p, ['Customer stored.', ...notes].join(' '))
  }
  for (const p of late) await deleteSoftly(tx, till, p.tillId!, whom.get(p.key))
  await applyGone(tx, till, told, records)
  return whom
}

/** A customer who has no number yet gets the till's, by which the merge finds them even when their address changes. */
async function giveNumbers(tx: PoolClient, identities: readonly Identity[]): Promise<void> {
  const rows = identities.flatMap(({ target, externalId }) =>
    target && !target.is_deleted && target.external_id === null && externalId !== null
      ? [{ id: target.id, number: externalId }]
      : [],
  )
  if (rows.length === 0) return
  await tx.query(
    `update customers as c set external_id = g.number, updated_at = now()
     from (select distinct on (x.id) x.id, x.number from jsonb_to_recordset($1::jsonb) as x(id uuid, number text) order by x.id, x.number) as g
     where c.id = g.id and c.external_id is null and not exists (select from customers as o where o.external_id = g.number)`,
    [JSON.stringify(rows)],
  )
}

async function mergePeople(
  ctx: Ctx,
  tx: PoolClient,
  till: TillRow,
  shop: Shop,
  list: readonly Person[],
  staged: readonly { line: number; facts: CustomerFacts }[],
  whom: Map<string, string>,
): Promise<void> {
  if (staged.length === 0) return
  await stage(tx, customerStaging(ctx.config, shop.zonesOf), staged)
  await mergeCustomers(tx, { importId: null, isDemo: false, createCustomers: true, currency: shop.currency })
  const { rows } = await tx.query<{ line: number; id: string; is_new: boolean }>(
    'select p.line, p.id, p.target is null as is_new from planned as p',
  )
  for (const { line, id } of rows) whom.set(list[line]!.key, id)
  if (till.store_id !== null)
    await tx.query('update customers set store_id = $2 where id = any($1::uuid[]) and store_id is null', [
      rows.filter((r) => r.is_new).map((r) => r.id),
      till.store_id,
    ])
  const refused = await saidOf(tx, 'rejected')
  for (const { line, reason } of refused) {
    const { told, orders } = list[line]!
    for (const t of [...told, ...orders])
      t.verdict = { status: 'retry', error: reason.replace(/^Line \d+/, 'Another hook') }
  }
  // Two spellings of one new customer in one batch: the merge kept one line for both.
  const merged = new Set([...rows.map((r) => r.line), ...refused.map((r) => r.line)])
  const lost = staged.filter(({ line }) => !merged.has(line))
  if (lost.length === 0) return
  const again = await findByAddress(
    tx,
    lost.map(({ facts }) => facts),
  )
  for (const { line, facts } of lost) {
    const customer = (facts.email && again.get(facts.email)) || (facts.phone && again.get(facts.phone))
    if (customer) whom.set(list[line]!.key, customer.id)
  }
}

async function readRecords(tx: PoolClient, tillId: string, ids: readonly string[]): Promise<Map<string, RecordRow>> {
  const { rows } = await tx.query<RecordRow>(
    `select r.till_id, c.id as customer_id, r.state, ${knownColumns} from till_records as r
     left join customers as was on was.id = r.customer_id left join customers as c on c.id = coalesce(was.merged_into, was.id)
     where r.integration_id = $1 and r.kind = 'customer' and r.till_id = any($2::text[])`,
    [tillId, ids],
  )
  return new Map(rows.map((r) => [r.till_id, r]))
}

/** Customers by email and by phone; the two cannot be mistaken for each other. */
async function findByAddress(
  tx: PoolClient,
  people: readonly Pick<CustomerFacts, 'email' | 'phone'>[],
): Promise<Map<string, KnownCustomer>> {
  // Keys of merged customers mean the one they became a part of.
  const { rows } = await tx.query<KnownCustomer & { key: string }>(
    `select lower(i.email::text) as key, ${knownColumns} from identities as i join customers as c on c.id = i.id where i.email = any($1::citext[])
     union select i.phone, ${knownColumns} from identities as i join customers as c on c.id = i.id where i.phone = any($2::text[])`,
    [people.flatMap((p) => p.email ?? []), people.flatMap((p) => p.phone ?? [])],
  )
  const found = new Map<string, KnownCustomer>()
  for (const { key, ...customer } of rows) found.set(key, customer)
  return found
}

async function remember(
  tx: PoolClient,
  tillId: string,
  list: readonly Person[],
  whom: ReadonlyMap<string, string>,
): Promise<void> {
  const rows = list.flatMap((p) => {
    const customer = whom.get(p.key)
    return p.tillId !== null && customer
      ? [{ till_id: p.tillId, customer_id: customer, at: p.at?.toISOString() ?? null }]
      : []
  })
  await tx.query(
    `insert into till_records as r (integration_id, kind, till_id, customer_id, state)
     select $1, 'customer', g.till_id, g.customer_id, case when g.at is null then '{}'::jsonb else jsonb_build_object('at', g.at) end
     from jsonb_to_recordset($2::jsonb) as g(till_id text, customer_id uuid, at text)
     on conflict (integration_id, kind, till_id) do update set customer_id = excluded.customer_id, updated_at = now(),
       state = case when excluded.state ->> 'at' > coalesce(r.state ->> 'at', '') then r.state || excluded.state else r.state end
     where r.customer_id is distinct from excluded.customer_id or excluded.state ->> 'at' > coalesce(r.state ->> 'at', '')`,
    [tillId, JSON.stringify(rows)],
  )
}

/** Somebody who is a customer nowhere else is deleted here as well (softly; a person can undo it). */
async function applyGone(
  tx: PoolClient,
  till: TillRow,
  told: readonly Told[],
  records: ReadonlyMap<string, RecordRow>,
): Promise<void> {
  for (const t of told) {
    const { fact } = t
    if (fact.kind !== 'customer_gone') continue
    await tx.query(
      `insert into till_records as r (integration_id, kind, till_id, state) values ($1, 'customer', $2, jsonb_build_object('gone', $3::text))
       on conflict (integration_id, kind, till_id) do update set state = r.state || excluded.state, updated_at = now()`,
      [till.id, fact.id, fact.at.toISOString()],
    )
    const customer = records.get(fact.id)?.customer_id ?? (await ownedBy(tx, till, fact.id))
    if (!customer) {
      t.verdict = { status: 'done', outcome: 'This customer was not known here.' }
      continue
    }
    const isDeleted = await deleteSoftly(tx, till, fact.id, customer)
    t.verdict = {
      status: 'done',
      outcome: isDeleted
        ? 'Customer deleted, as in the shop; this can be undone on the customer page.'
        : 'The customer stays: they are also known from elsewhere, or were deleted here before.',
    }
  }
}

async function deleteSoftly(
  tx: PoolClient,
  till: TillRow,
  tillId: string,
  customer: string | undefined,
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update customers as c set deleted_at = now(), updated_at = now() where c.id = $1 and c.deleted_at is null
       and (c.external_id is null or c.external_id = $3)
       and not exists (select from till_records as r where r.customer_id = c.id and r.integration_id <> $2)`,
    [customer ?? null, till.id, `${till.prefix}:${tillId}`],
  )
  if (!rowCount) return false
  await audit(tx, systemActor, {
    action: 'customer.deleted',
    entity: 'customer',
    entityId: customer!,
    reason: `deleted at the till ${till.prefix}`,
  })
  return true
}

async function ownedBy(tx: PoolClient, till: TillRow, tillId: string): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>('select i.id from identities as i where i.external_id = $1', [
    `${till.prefix}:${tillId}`,
  ])
  return rows[0]?.id ?? null
}

function settle(person: Person, outcome: string): void {
  for (const t of person.told) t.verdict ??= { status: 'done', outcome }
}
