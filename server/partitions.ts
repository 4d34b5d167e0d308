import type { ClientBase, Pool } from 'pg'

const knownMs = 60_000
// Of the one database of this process.
let known: { names: Set<string>; readAt: number } | undefined

/** Reads which partitions there are, now and then. Ask before `partitionOf`. */
export async function loadPartitions(client: ClientBase | Pool): Promise<void> {
  if (known && Date.now() - known.readAt < knownMs) return
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid
     where i.inhparent in ('sends'::regclass, 'analytics_events'::regclass)`,
  )
  known = { names: new Set(rows.map((row) => row.name)), readAt: Date.now() }
}

/**
 * The one monthly partition that holds all these UUIDv7 ids, or the parent when they are spread or lie in the default
 * partition. A statement on the partition itself has a fixed text: it is planned once for each connection instead of
 * each time over thirty months (measured: half of the database's work for fifty rows).
 */
export function partitionOf(parent: 'sends' | 'analytics_events', ids: readonly string[]): string {
  let least = ids[0]!
  let greatest = ids[0]!
  for (const id of ids) {
    if (id < least) least = id
    if (id > greatest) greatest = id
  }
  const month = monthOf(least)
  const name = `${parent}_${month}`
  return month === monthOf(greatest) && known?.names.has(name) ? name : parent
}

/** Month of the time in a UUIDv7 (its first 48 bits: milliseconds since 1970), as partitions are named. */
function monthOf(id: string): string {
  const at = new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16))
  return `${at.getUTCFullYear()}_${String(at.getUTCMonth() + 1).padStart(2, '0')}`
}
