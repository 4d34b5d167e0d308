import { chunkSize, takeImages, type Step, type Undoing } from './undo-run.ts'

/** Who got a yes from the list goes back to what stood before, unless something newer was said since. A no is never taken back. */
export const restoreConsents =
  (run: Undoing): Step =>
  async (tx) => {
    const images = await takeImages(tx, run, 'customer')
    if (images.length === 0) return null
    let restored = 0
    for (const channel of ['email', 'sms'] as const) {
      const { rowCount } = await tx.query(
        `update customers as c set ${channel}_consent = g.was, updated_at = clock_timestamp()
         from (select i.id, i.before ->> '${channel}_consent' as was from jsonb_to_recordset($1::jsonb) as i(id uuid, before jsonb)) as g
         where c.id = g.id and g.was is not null and c.${channel}_consent = 'granted'
           and not exists (select from consents as k where k.customer_id = c.id and k.channel = '${channel}' and k.created_at > $2::timestamptz)`,
        [JSON.stringify(images.map((i) => ({ id: i.row_id, before: i.before }))), run.writtenAt],
      )
      restored += rowCount ?? 0
    }
    return { looked: images.length, undone: { restored, kept_changed: images.length - restored } }
  }

/**
 * Removes proofs of a yes that the import wrote. @param onlyUnchanged leave those of customers that the import or
 * somebody after it changed and that stayed as they are
 */
export const removeProofs = (run: Undoing, options: { onlyUnchanged: boolean }): Step => {
  let after = run.lowId
  return async (tx) => {
    const { rows } = await tx.query<{ id: string; is_free: boolean }>(
      `select k.id, not $6::boolean or c.updated_at < $3::timestamptz as is_free from consents as k join customers as c on c.id = k.customer_id
       where k.id > $1 and k.id < $2 and k.created_at = $3::timestamptz and k.status = $4 order by k.id limit $5`,
      [after, run.highId, run.writtenAt, 'granted', chunkSize, options.onlyUnchanged],
    )
    if (rows.length === 0) return null
    after = rows.at(-1)!.id
    const { rowCount } = await tx.query('delete from consents as k where k.id = any($1)', [
      rows.filter((k) => k.is_free).map((k) => k.id),
    ])
    return { looked: rows.length, undone: options.onlyUnchanged ? {} : { removed: rowCount ?? 0 } }
  }
}
