import type { PoolClient } from 'pg'
import { closeAddresses, type Closing } from '../../opt-out.ts'
import { chunkSize, takeImages, type BeforeImage, type Step, type Undone, type Undoing } from './undo-run.ts'

/** Columns an import changes, with the type their former value is read back as. */
const columns = {
  external_id: 'text',
  email: 'citext',
  phone: 'text',
  name: 'text',
  first_name: 'text',
  birth_date: 'date',
  age_status: 'text',
  address: 'text',
  city: 'text',
  state: 'text',
  zip: 'text',
  time_zones: 'text[]',
  store_id: 'uuid',
  tags: 'text[]',
  email_consent: 'text',
  sms_consent: 'text',
} as const

// A no that came with the file stays: it is a statement of the customer, whoever passed it on.
const isNo = (channel: 'email' | 'sms'): string =>
  `(g.before ? '${channel}_consent' and c.${channel}_consent = 'denied')`
const former = (name: string): string =>
  name === 'email_consent' || name === 'sms_consent'
    ? `case when g.before ? '${name}' and c.${name} <> 'denied' then g.${name} else c.${name} end`
    : `case when g.before ? '${name}' then g.${name} else c.${name} end`

const restoreSql = `
  with given as (
    select i.id, i.before, r.* from jsonb_to_recordset($1::jsonb) as i(id uuid, before jsonb)
    cross join lateral jsonb_to_record(i.before) as r(${Object.entries(columns)
      .map(([name, type]) => `${name} ${type}`)
      .join(', ')}, updated_at timestamptz)
  ), restored as (
    update customers as c set ${Object.keys(columns)
      .map((name) => `${name} = ${former(name)}`)
      .join(', ')},
      -- the state of before is the version of before, so that an earlier import can be undone as well
      updated_at = case when ${isNo('email')} or ${isNo('sms')} then now() else g.updated_at end
    from given as g where c.id = g.id and c.updated_at = $2::timestamptz and c.deleted_at is null
    returning c.id, (${isNo('email')})::int + (${isNo('sms')})::int as noes
  ), proofs as (
    delete from consents as k using restored as r where k.customer_id = r.id and k.created_at = $2::timestamptz and k.status = 'granted'
  )
  select count(*)::int as restored, coalesce(sum(restored.noes), 0)::int as noes from restored`

async function restore(tx: PoolClient, run: Undoing, images: readonly BeforeImage[]): Promise<Undone> {
  const { rows } = await tx.query<{ restored: number; noes: number }>(restoreSql, [
    JSON.stringify(images.map((i) => ({ id: i.row_id, before: i.before }))),
    run.writtenAt,
  ])
  const { restored, noes } = rows[0]!
  return { restored, kept_changed: images.length - restored, opt_outs_kept: noes }
}

/** Changed customers get their former values back, unless somebody changed them since. */
export const restoreCustomers =
  (run: Undoing): Step =>
  async (tx) => {
    const images = await takeImages(tx, run, 'customer')
    if (images.length === 0) return null
    await tx.query('savepoint restoring')
    try {
      return { looked: images.length, undone: await restore(tx, run, images) }
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error
    }
    // Another customer has a former email, phone or number by now. One by one, that one stays as it is.
    await tx.query('rollback to savepoint restoring')
    const sum = { restored: 0, kept_changed: 0, opt_outs_kept: 0 }
    for (const image of images) {
      await tx.query('savepoint restoring')
      try {
        const { restored = 0, kept_changed = 0, opt_outs_kept = 0 } = await restore(tx, run, [image])
        sum.restored += restored
        sum.kept_changed += kept_changed
        sum.opt_outs_kept += opt_outs_kept
      } catch (error) {
        if ((error as { code?: string }).code !== '23505') throw error
        await tx.query('rollback to savepoint restoring')
        sum.kept_changed++
      }
    }
    return { looked: images.length, undone: sum }
  }

interface Removable {
  id: string
  email: string | null
  phone: string | null
  email_consent: string
  sms_consent: string
  is_free: boolean
}

/**
 * Customers the import added go, unless somebody changed them since, or they ordered, were planned for or written to, or
 * said something about being written to. Whose row held a no goes as well; the address stays closed, as a keyed hash.
 * @param as under which name they are counted
 */
export const removeCustomers = (run: Undoing, as: 'removed' | 'customers_removed'): Step => {
  let after = run.lowId
  return async (tx) => {
    const { rows } = await tx.query<Removable>(
      `select c.id, c.email, c.phone, c.email_consent, c.sms_consent,
         c.updated_at = $4::timestamptz and c.deleted_at is null
         and not exists (select from orders as o where o.customer_id = c.id)
         and not exists (select from actions as a where a.customer_id = c.id and a.campaign_id is not null)
         and not exists (select from consents as k where k.customer_id = c.id and k.created_at <> $4::timestamptz)
         and not exists (select from sends as s where s.customer_id = c.id) as is_free
       from customers as c where c.id > $1 and c.id < $2 and c.import_id = $3 order by c.id limit $5 for update of c`,
      [after, run.highId, run.id, run.writtenAt, chunkSize],
    )
    if (rows.length === 0) return null
    after = rows.at(-1)!.id
    const free = rows.filter((c) => c.is_free)
    const closings = free.flatMap((c): Closing[] =>
      (['email', 'sms'] as const).flatMap((channel) => {
        const address = channel === 'email' ? c.email : c.phone
        const saidNo = (channel === 'email' ? c.email_consent : c.sms_consent) === 'denied'
        return address !== null && saidNo
          ? [{ channel, address, customerId: null, sendId: null, reason: 'unsubscribe', at: new Date() }]
          : []
      }),
    )
    await closeAddresses(tx, run.config, closings, { source: 'import that was undone' })
    const { rowCount } = await tx.query('delete from customers as c where c.id = any($1)', [free.map((c) => c.id)])
    return { looked: rows.length, undone: { [as]: rowCount ?? 0, opt_outs_kept: closings.length } }
  }
}
