import type { PoolClient } from 'pg'
import { floatArray, intArray, textArray, uuidArray } from '#db/binary-arrays.ts'
import type { Assignment } from '#core/planning/assign.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { createIds } from '../ids.ts'
import type { AudienceMember } from './audience.ts'
import type { DrawnArm } from './experiments/draw.ts'
import { sharedVariables, type EntryTexts } from './message-texts.ts'
import type { Shelf } from './shelf.ts'

/** A version of the campaign with what its messages say. */
export interface RowArm {
  arm: DrawnArm
  texts: EntryTexts
}

export interface ActionWriter {
  /** Keeps a decision for the next `flush`. @param arm its place in the arms */
  add(member: AudienceMember, assignment: Assignment, arm: number): void
  /** Writes what was kept, of a customer and day only the first. */
  flush(): Promise<void>
  /** The same, once so much was kept that it is worth it: messages are written in the order in which they are due. */
  drain(): Promise<void>
  /** what was written so far */
  readonly made: { actions: number; sends: number; skipped: number; holdout: number }
}

const perStatement = 5000
/** Of a million messages, those due side by side come together by a handful; some 60 MB. */
const held = 60_000

interface Given {
  member: AudienceMember
  assignment: Assignment
  /** place of the entry among those of all arms */
  entry: number
}

interface Row extends Given {
  id: string
  /** of its message; null: it gets none */
  sendId: string | null
}

/**
 * Writes actions and messages of a campaign in sets: what an entry says is sent once for each of its stores and categories,
 * what a person adds to it once per row. Parents are not looked up row by row (docs/decisions/0040): whoever calls holds
 * `lockLedger` since before it read the customers.
 * @param isFirst the campaign has no actions yet and everybody is added once: looking each up would cost a tenth
 */
export function createActionWriter(
  tx: PoolClient,
  campaignId: string,
  arms: readonly RowArm[],
  shelf: Shelf,
  now: Date,
  { isFirst }: { isFirst: boolean },
): ActionWriter {
  const newAction = createIds(new Date())
  const newSend = createIds(now)
  const entries = arms.flatMap(({ arm }) => arm.entries.map((e) => ({ e, variant: arm.key })))
  const firstOf = arms.map((_, i) => arms.slice(0, i).reduce((n, { arm }) => n + arm.entries.length, 0))
  const placeOf = arms.map(({ arm }, i) => new Map(arm.entries.map((e, k) => [e.id, firstOf[i]! + k] as const)))
  const armOf = arms.flatMap((a) => a.arm.entries.map(() => a))
  const entryJson = JSON.stringify(
    entries.map(({ e, variant }, place) => ({
      place,
      variant,
      id: e.id,
      day: e.day,
      segment: e.segment,
      channel: e.channel,
      offer: e.offer,
      offer_id: e.offer.id,
      template_id: e.template_id,
      send_window: e.window,
      value: e.reach > 0 ? e.score / e.reach : 0,
    })),
  )
  const shared = new Map<string, string>()
  /** What an entry says at a store to those of a category: as text, and by what it is found. */
  const sharedOf = ({ member, assignment, entry }: Given): { key: string; text: string } => {
    const { store } = member.customer
    const key = `${entry}|${store.id}|${member.primary_category ?? ''}`
    let text = shared.get(key)
    if (text === undefined) {
      const { arm, texts } = armOf[entry]!
      text = JSON.stringify(
        sharedVariables(assignment.entry, store, member.primary_category, texts, shelf, arm.subject),
      )
      shared.set(key, text)
    }
    return { key, text }
  }
  let given: Given[] = []
  const total = { actions: 0, sends: 0, skipped: 0, holdout: 0 }

  /** Those that were made; a customer may have an action of this campaign and day already. */
  async function insertActions(rows: readonly Row[]): Promise<readonly Row[]> {
    const { rows: made } = await tx.query<{ id: string }>(
      `with entry as (
         select e.* from jsonb_to_recordset($2::jsonb) as e(place int, variant text, id text, day date, segment text, channel text, offer jsonb, offer_id uuid, template_id uuid, send_window jsonb, value real)
       )
       -- why is said once, in the plan (action_reason)
       insert into actions (id, campaign_id, customer_id, plan_entry_id, segment, priority_score, reason, offer_id, offer, template_id, scheduled_date, send_window, channels, status, refused_by, variant, held_out_of_all, customer_group, send_id)
       select g.id, $1, g.customer_id, entry.id, entry.segment, entry.value, '', offers.id, entry.offer, entry.template_id, entry.day, entry.send_window, array[entry.channel],
         g.outcome, g.refused_by, entry.variant, g.held_out_of_all, g.customer_group, g.send_id
       from unnest($3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::text[], $8::boolean[], $9::text[], $10::uuid[])
         as g(id, customer_id, place, outcome, refused_by, held_out_of_all, customer_group, send_id)
         join entry on entry.place = g.place left join offers on offers.id = entry.offer_id
       ${isFirst ? '' : 'on conflict (customer_id, campaign_id, scheduled_date) do nothing returning id'}`,
      [
        campaignId,
        entryJson,
        uuidArray(rows.map((r) => r.id)),
        uuidArray(rows.map((r) => r.member.id)),
        intArray(rows.map((r) => r.entry)),
        textArray(rows.map((r) => r.assignment.outcome)),
        textArray(rows.map((r) => r.assignment.verdict?.rule_id ?? null)),
        rows.map((r) => r.assignment.outcome === 'holdout' && r.member.held_out_of_all),
        textArray(rows.map((r) => r.member.customer.group ?? null)),
        uuidArray(rows.map((r) => r.sendId)),
      ],
    )
    if (isFirst || made.length === rows.length) return rows
    const known = new Set(made.map((m) => m.id))
    return rows.filter((r) => known.has(r.id))
  }

  async function insertSends(due: readonly Row[]): Promise<void> {
    const said: { entry: PlanEntry; text: string }[] = []
    const places = new Map<string, number>()
    const placeOfText = due.map((row) => {
      const { key, text } = sharedOf(row)
      let place = places.get(key)
      if (place === undefined) places.set(key, (place = said.push({ entry: entries[row.entry]!.e, text })))
      return place
    })
    await tx.query(
      `with said as (
         select s.* from unnest($2::jsonb[], $3::text[], $4::uuid[]) with ordinality as s(variables, channel, template_id, place)
       )
       insert into sends (id, action_id, customer_id, campaign_id, channel, recipient, template_id, variables, due_at, window_end)
       select given.id, given.action_id, given.customer_id, $1, said.channel, given.recipient, said.template_id, said.variables || jsonb_build_object('first_name', given.first_name),
         to_timestamp(given.due_ms / 1000), to_timestamp(given.end_ms / 1000)
       from unnest($5::uuid[], $6::uuid[], $7::uuid[], $8::int[], $9::text[], $10::text[], $11::float8[], $12::float8[])
         as given(id, action_id, customer_id, said, first_name, recipient, due_ms, end_ms) join said on said.place = given.said`,
      [
        campaignId,
        said.map((s) => s.text),
        said.map((s) => s.entry.channel),
        said.map((s) => s.entry.template_id),
        uuidArray(due.map((r) => r.sendId)),
        uuidArray(due.map((r) => r.id)),
        uuidArray(due.map((r) => r.member.id)),
        intArray(placeOfText),
        textArray(due.map((r) => r.member.first_name)),
        textArray(due.map((r) => (r.assignment.entry.channel === 'email' ? r.member.email : r.member.phone))),
        floatArray(due.map((r) => r.assignment.due_at!.getTime())),
        floatArray(due.map((r) => r.assignment.window_end!.getTime())),
      ],
    )
  }

  async function flush(): Promise<void> {
    const rows = (isFirst ? given : firstOfDay(given)).map((g): Row => ({ ...g, id: newAction(), sendId: null }))
    given = []
    // In the order of the index that dispatch reads: messages then go into it side by side, and lie side by side for it.
    const waiting = rows
      .filter((r) => r.assignment.outcome === 'pending')
      .toSorted((a, b) => a.assignment.due_at!.getTime() - b.assignment.due_at!.getTime())
    for (const row of waiting) row.sendId = newSend()
    const made = new Set<Row>()
    for (const slice of slicesOf(rows)) for (const row of await insertActions(slice)) made.add(row)
    const due = made.size < rows.length ? waiting.filter((r) => made.has(r)) : waiting
    for (const slice of slicesOf(due)) await insertSends(slice)
    total.actions += made.size
    total.sends += due.length
    for (const { assignment } of made) {
      if (assignment.outcome === 'skipped') total.skipped++
      if (assignment.outcome === 'holdout') total.holdout++
    }
  }

  return {
    add(member, assignment, arm) {
      given.push({ member, assignment, entry: placeOf[arm]!.get(assignment.entry.id)! })
    },
    flush,
    async drain() {
      if (given.length >= held) await flush()
    },
    made: total,
  }
}

function* slicesOf(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += perStatement) yield rows.slice(from, from + perStatement)
}

function firstOfDay(given: readonly Given[]): Given[] {
  const seen = new Set<string>()
  return given.filter(({ member, assignment }) => {
    const key = `${member.id} ${assignment.entry.day}`
    return !seen.has(key) && seen.add(key)
  })
}
