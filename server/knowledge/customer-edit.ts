import type { PoolClient } from 'pg'
import type { CustomerEdit } from '#contract/knowledge.ts'
import { candidateZones } from '#core/compliance/zones.ts'
import { ageStatusOf, nameOf } from '#core/knowledge/import-customer.ts'
import { readEmail, readPhone, readZip, type Read } from '#core/knowledge/read-value.ts'
import { readState } from '#core/knowledge/states.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { writeConsents } from './consents.ts'
import { etagOf } from './customer-detail.ts'

/** Columns a person may change; a name that is not here never reaches SQL. */
const columns = [
  'external_id',
  'email',
  'phone',
  'name',
  'first_name',
  'birth_date',
  'age_status',
  'address',
  'city',
  'state',
  'zip',
  'store_id',
  'tags',
  'time_zones',
] as const
type Column = (typeof columns)[number]
type Values = Partial<Record<Column, unknown>>

interface Current {
  email: string | null
  phone: string | null
  state: string | null
  zip: string | null
  birth_date: string | null
  external_id: string | null
  version: string
  deleted_at: Date | null
  erased_at: Date | null
  merged_into: string | null
}

/** Creates a customer. Throws InputError on a bad field, conflict when the email, phone or number is taken. */
export async function createCustomer(ctx: Ctx, actor: Actor, edit: CustomerEdit): Promise<string> {
  const shop = await readSetting(ctx.pool, 'shop')
  return withTx(ctx.pool, async (tx) => {
    const values = normalise(edit, null, shop.time_zone, ctx.clock())
    if (!values.email && !values.phone && !values.external_id)
      throw new InputError([{ path: 'email', message: 'Give an email, a phone or a customer number.' }])
    const names = columns.filter((c) => values[c] !== undefined)
    const { rows } = await guarded(
      tx.query<{ id: string }>(
        `insert into customers (${names.join(', ')}) values (${names.map((_, i) => `$${i + 1}`).join(', ')}) returning id`,
        names.map((c) => values[c]),
      ),
    )
    const id = rows[0]!.id
    await writeConsents(ctx, tx, id, edit.consents ?? [])
    await audit(tx, actor, {
      action: 'customer.created',
      entity: 'customer',
      entityId: id,
      after: traceOf(values, edit),
    })
    return id
  })
}

/** Changes the given fields. Throws edit.stale when `ifMatch` names an older state. */
export async function updateCustomer(
  ctx: Ctx,
  actor: Actor,
  id: string,
  edit: CustomerEdit,
  ifMatch: string | undefined,
): Promise<void> {
  const shop = await readSetting(ctx.pool, 'shop')
  await withTx(ctx.pool, async (tx) => {
    const current = await lockCustomer(tx, id)
    if (current.deleted_at) throw new AppError('conflict', 'This customer is deleted; restore them first.')
    if (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== etagOf(id, current.version)) {
      throw new AppError(
        'edit.stale',
        'Somebody changed this customer meanwhile. Load it again and repeat your change.',
      )
    }
    const values = normalise(edit, current, shop.time_zone, ctx.clock())
    const after = { email: current.email, phone: current.phone, external_id: current.external_id, ...values }
    if (!after.email && !after.phone && !after.external_id)
      throw new InputError([{ path: 'email', message: 'Keep an email, a phone or a customer number.' }])
    const names = columns.filter((c) => values[c] !== undefined)
    const { rows: before } = await tx.query<Record<string, unknown>>(
      `select ${columns.join(', ')} from customers where id = $1`,
      [id],
    )
    await guarded(
      tx.query(
        `update customers set ${[...names.map((c, i) => `${c} = $${i + 2}`), 'updated_at = clock_timestamp()'].join(', ')} where id = $1`,
        [id, ...names.map((c) => values[c])],
      ),
    )
    await writeConsents(ctx, tx, id, edit.consents ?? [])
    await audit(tx, actor, {
      action: 'customer.updated',
      entity: 'customer',
      entityId: id,
      before: traceOf(Object.fromEntries(names.map((c) => [c, before[0]?.[c]]))),
      after: traceOf(values, edit),
    })
  })
}

/** Soft deletion and its undo. Doing it twice changes nothing. */
export async function setDeleted(ctx: Ctx, actor: Actor, id: string, deleted: boolean): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const current = await lockCustomer(tx, id)
    if ((current.deleted_at !== null) === deleted) return
    if (current.erased_at) throw new AppError('conflict', 'This customer was erased; there is nothing left to restore.')
    if (current.merged_into)
      throw new AppError('conflict', 'This customer was merged into another one. Take the merge back there.', {
        id: current.merged_into,
      })
    await tx.query(
      `update customers set deleted_at = ${deleted ? 'clock_timestamp()' : 'null'}, updated_at = clock_timestamp() where id = $1`,
      [id],
    )
    await audit(tx, actor, {
      action: deleted ? 'customer.deleted' : 'customer.restored',
      entity: 'customer',
      entityId: id,
    })
  })
}

async function lockCustomer(tx: PoolClient, id: string): Promise<Current> {
  const { rows } = await tx.query<Current>(
    `select c.email, c.phone, c.state, c.zip, c.birth_date, c.external_id, c.deleted_at, c.erased_at, c.merged_into, extract(epoch from c.updated_at)::text as version
     from customers as c where c.id = $1 for update`,
    [id],
  )
  if (!rows[0]) throw notFound('customer', id)
  return rows[0]
}

/** The same rules as an import: what a file may not contain, a form may not either. */
function normalise(edit: CustomerEdit, current: Current | null, shopZone: string, now: Date): Values {
  const errors: { path: string; message: string }[] = []
  const read = <T>(
    field: 'email' | 'phone' | 'state' | 'zip',
    reader: (text: string) => Read<T>,
  ): T | null | undefined => {
    const text = edit[field]
    if (text === undefined || text === null) return text
    const result = reader(text)
    if (result.fault !== undefined) errors.push({ path: field, message: result.fault })
    return result.value
  }
  const values: Values = {}
  const put = (column: Column, value: unknown): void => {
    if (value !== undefined) values[column] = value
  }
  put('email', read('email', readEmail))
  put(
    'phone',
    read('phone', (t) => readPhone(t)),
  )
  put(
    'state',
    read('state', (t) => {
      const code = readState(t)
      return code ? { value: code } : { fault: 'This is not a US state; write it like NY or New York.' }
    }),
  )
  put('zip', read('zip', readZip))
  for (const c of ['external_id', 'name', 'first_name', 'birth_date', 'address', 'city', 'store_id', 'tags'] as const)
    put(c, edit[c])
  if (edit.name && edit.first_name === undefined) values.first_name = nameOf(edit.name, null, null).firstName
  if (edit.birth_date && edit.birth_date > now.toISOString().slice(0, 10))
    errors.push({ path: 'birth_date', message: 'The birth date lies in the future.' })
  const birthDate = edit.birth_date === undefined ? (current?.birth_date ?? null) : edit.birth_date
  if (edit.birth_date !== undefined || edit.age_status !== undefined)
    values.age_status = ageStatusOf(birthDate, null, now) ?? edit.age_status ?? 'unknown'
  if (errors.length > 0) throw new InputError(errors)
  if (values.state !== undefined || values.zip !== undefined || values.phone !== undefined) {
    const place = {
      state: current?.state ?? null,
      zip: current?.zip ?? null,
      phone: current?.phone ?? null,
      ...(values as { state?: string; zip?: string; phone?: string }),
    }
    const zones = candidateZones(place, shopZone)
    values.time_zones = zones.known ? zones.zones : []
  }
  return values
}

async function guarded<T>(query: Promise<T>): Promise<T> {
  try {
    return await query
  } catch (error) {
    const { code, constraint } = error as { code?: string; constraint?: string }
    if (code === '23505') {
      const field = ['email', 'phone', 'external_id'].find((f) => constraint?.includes(f)) ?? 'email'
      throw new AppError(
        'conflict',
        'Another customer has this value already. Open that customer instead, or correct the value.',
        { field },
      )
    }
    if (code === '23503') throw new InputError([{ path: 'store_id', message: 'There is no such store.' }])
    throw error
  }
}

const personal = new Set([
  'external_id',
  'email',
  'phone',
  'name',
  'first_name',
  'birth_date',
  'address',
  'city',
  'zip',
])

/** What the audit trail keeps: that an address changed, not the address; it outlives an erasure. */
function traceOf(values: Values, edit?: CustomerEdit): Record<string, unknown> {
  const trace: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(values))
    trace[key] = personal.has(key) ? (value === null ? null : '(given)') : value
  if (edit?.consents) trace['consents'] = edit.consents
  return trace
}
