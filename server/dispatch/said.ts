import type { ClientBase } from 'pg'
import type { Variables } from '#core/delivery/template.ts'
import type { Offer } from '#core/planning/offer.ts'

interface Entry {
  segment: string
  offer: Offer
}

interface Named {
  entry_id: string | null
  text_id: string | null
}

/** Entries and texts of campaigns are never changed: what thousands of messages share is read once and is one object. */
const entries = new Map<string, Entry>()
const texts = new Map<string, Variables>()
const mostKept = 4_000

/**
 * What these messages name: the entries of the plan that made them, and what their texts have in common. Throws when one of them
 * is gone: a message without its offer would pass no gate, and one without its words must not leave.
 */
export async function readSaid(
  client: ClientBase,
  rows: readonly Named[],
): Promise<{ entries: ReadonlyMap<string, Entry>; texts: ReadonlyMap<string, Variables> }> {
  return {
    entries: await readParts(entries, idsOf(rows, 'entry_id'), async (ids) => {
      const { rows: found } = await client.query<Entry & { id: string }>({
        name: 'dispatch-entries',
        text: 'select e.id, e.segment, e.offer from campaign_entries as e where e.id = any($1::uuid[])',
        values: [ids],
      })
      return found.map(({ id, ...entry }) => [id, entry])
    }),
    texts: await readParts(texts, idsOf(rows, 'text_id'), async (ids) => {
      const { rows: found } = await client.query<{ id: string; variables: Variables }>({
        name: 'dispatch-texts',
        text: 'select t.id, t.variables from message_texts as t where t.id = any($1::uuid[])',
        values: [ids],
      })
      return found.map((t) => [t.id, t.variables])
    }),
  }
}

const idsOf = (rows: readonly Named[], name: keyof Named): Set<string> =>
  new Set(rows.flatMap((row) => row[name] ?? []))

async function readParts<T>(
  kept: Map<string, T>,
  ids: ReadonlySet<string>,
  read: (ids: readonly string[]) => Promise<(readonly [string, T])[]>,
): Promise<ReadonlyMap<string, T>> {
  const known = new Map<string, T>()
  const missing: string[] = []
  for (const id of ids) {
    const part = kept.get(id)
    if (part === undefined) missing.push(id)
    else known.set(id, part)
  }
  if (missing.length === 0) return known
  const found = await read(missing)
  if (found.length < missing.length)
    throw new Error(`${missing.length - found.length} texts or entries of messages are missing.`)
  if (kept.size > mostKept) kept.clear()
  for (const [id, part] of found) {
    known.set(id, part)
    kept.set(id, part)
  }
  return known
}
