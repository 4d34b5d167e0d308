import type { PoolClient } from 'pg'
import { floatArray, intArray, textArray, uuidArray } from '#db/binary-arrays.ts'
import type { Assignment } from '#core/planning/assign.ts'
import { createIds } from '../ids.ts'
import type { AudienceMember } from './audience.ts'
import type { DrawnArm } from './experiments/draw.ts'
import { sharedVariables, type EntryTexts } from './message-texts.ts'
import { createSaidOnce, entryColumns, entryContent } from './said-once.ts'
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

/**
 * Writes what was decided for the customers of a campaign, in sets: a message is its own action, whom the plan leaves out gets
 * one without (docs/decisions/0044). What messages share is kept once (said-once.ts). Parents are not looked up row by row
 * (docs/decisions/0040): whoever calls holds `lockLedger` since before it read the customers.
 * @param isFirst the campaign has no actions yet and everybody is added once; else whoever calls holds a row lock of the
 *   campaign's that keeps out others who add to it
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
  const said = createSaidOnce(tx, campaignId)
  const contents = entries.map(({ e, variant }) => entryContent(e, variant))
  const entryJson = JSON.stringify(contents.map((content, place) => ({ ...content, place })))
  let given: Given[] = []
  const total = { actions: 0, sends: 0, skipped: 0, holdout: 0 }

  /** By what it is found that an entry says at a store to those of a category. */
  const textKey = ({ member, entry }: Given): string =>
    `${entry}|${member.customer.store.id}|${member.primary_category ?? ''}`
  const textOf = ({ member, assignment, entry }: Given): string => {
    const { arm, texts } = armOf[entry]!
    return JSON.stringify(
      sharedVariables(
        assignment.entry,
        member.customer.store,
        member.primary_category,
        texts,
        shelf,
        arm.subject,
      ),
    )
  }

  /** Who gets no message. */
  async function insertActions(rows: readonly Given[]): Promise<void> {
    await tx.query(
      `with entry as (
         select e.* from jsonb_to_recordset($2::jsonb) as e(place int, ${entryColumns})
       )
       -- why is said once, in the plan (action_reason)
       insert into actions (id, campaign_id, customer_id, plan_entry_id, segment, priority_score, reason, offer_id, offer, template_id, scheduled_date, send_window, channels, status, refused_by, variant, held_out_of_all, customer_group)
       select g.id, $1, g.customer_id, entry.plan_entry_id, entry.segment, entry.priority_score, '', offers.id, entry.offer, entry.template_id, entry.scheduled_date, entry.send_window, array[entry.channel],
         g.outcome, g.refused_by, entry.variant, g.held_out_of_all, g.customer_group
       from unnest($3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::text[], $8::boolean[], $9::text[])
         as g(id, customer_id, place, outcome, refused_by, held_out_of_all, customer_group)
         join entry on entry.place = g.place left join offers on offers.id = entry.offer_id`,
      [
        campaignId,
        entryJson,
        uuidArray(rows.map(() => newAction())),
        uuidArray(rows.map((r) => r.member.id)),
        intArray(rows.map((r) => r.entry)),
        textArray(rows.map((r) => r.assignment.outcome)),
        textArray(rows.map((r) => r.assignment.verdict?.rule_id ?? null)),
        rows.map((r) => r.assignment.outcome === 'holdout' && r.member.held_out_of_all),
        textArray(rows.map((r) => r.member.customer.group ?? null)),
      ],
    )
  }

  async function insertSends(due: readonly Given[]): Promise<void> {
    const keys = due.map(textKey)
    const entryIds = await said.entries([...new Set(due.map((r) => r.entry))].map((place) => contents[place]!))
    const textIds = await said.texts(keys, (i) => textOf(due[i]!))
    const places = new Map<string, number>()
    const parts: { row: Given; text: string }[] = []
    const placeOfPart = due.map((row, i) => {
      let place = places.get(keys[i]!)
      if (place === undefined) places.set(keys[i]!, (place = parts.push({ row, text: textIds.get(keys[i]!)! })))
      return place
    })
    await tx.query(
      `insert into sends (id, customer_id, campaign_id, channel, recipient, template_id, variables, due_at, window_end, entry_id, text_id, customer_group)
       select given.id, given.customer_id, $1, part.channel, given.recipient, part.template_id, jsonb_build_object('first_name', given.first_name),
         to_timestamp(given.due_ms / 1000), to_timestamp(given.end_ms / 1000), part.entry_id, part.text_id, given.customer_group
       from unnest($6::uuid[], $7::uuid[], $8::int[], $9::text[], $10::text[], $11::float8[], $12::float8[], $13::text[])
         as given(id, customer_id, part, first_name, recipient, due_ms, end_ms, customer_group)
         join unnest($2::uuid[], $3::uuid[], $4::text[], $5::uuid[]) with ordinality as part(entry_id, text_id, channel, template_id, place) on part.place = given.part`,
      [
        campaignId,
        uuidArray(parts.map(({ row }) => entryIds.get(contents[row.entry]!)!)),
        uuidArray(parts.map(({ text }) => text)),
        parts.map(({ row }) => entries[row.entry]!.e.channel),
        uuidArray(parts.map(({ row }) => entries[row.entry]!.e.template_id)),
        uuidArray(due.map(() => newSend())),
        uuidArray(due.map((r) => r.member.id)),
        intArray(placeOfPart),
        textArray(due.map((r) => r.member.first_name)),
        textArray(due.map((r) => (r.assignment.entry.channel === 'email' ? r.member.email : r.member.phone))),
        floatArray(due.map((r) => r.assignment.due_at!.getTime())),
        floatArray(due.map((r) => r.assignment.window_end!.getTime())),
        textArray(due.map((r) => r.member.customer.group ?? null)),
      ],
    )
  }

  async function flush(): Promise<void> {
    const rows = isFirst ? given : await stillFree(tx, campaignId, firstOfDay(given), now)
    given = []
    const heldBack = rows.filter((r) => r.assignment.outcome !== 'pending')
    // In the order of the index that dispatch reads: messages then go into it side by side, and lie side by side for it.
    const due = rows
      .filter((r) => r.assignment.outcome === 'pending')
      .toSorted((a, b) => a.assignment.due_at!.getTime() - b.assignment.due_at!.getTime())
    for (const slice of slicesOf(heldBack)) await insertActions(slice)
    for (const slice of slicesOf(due)) await insertSends(slice)
    total.actions += rows.length
    total.sends += due.length
    for (const { assignment } of heldBack) total[assignment.outcome === 'skipped' ? 'skipped' : 'holdout']++
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

function* slicesOf(rows: readonly Given[]): Generator<readonly Given[]> {
  for (let from = 0; from < rows.length; from += perStatement) yield rows.slice(from, from + perStatement)
}

function firstOfDay(given: readonly Given[]): Given[] {
  const seen = new Set<string>()
  return given.filter(({ member, assignment }) => {
    const key = `${member.id} ${assignment.entry.day}`
    return !seen.has(key) && seen.add(key)
  })
}

/** Without those who have an action of this campaign on that day already. */
async function stillFree(tx: PoolClient, campaignId: string, given: Given[], now: Date): Promise<Given[]> {
  if (given.length === 0) return given
  const { rows } = await tx.query<{ customer_id: string; day: string }>(
    `select a.customer_id, a.scheduled_date as day from every_action as a
     where a.campaign_id = $1 and a.customer_id = any($2::uuid[]) and a.scheduled_date >= $3 and a.id >= uuidv7_floor($4)`,
    [
      campaignId,
      given.map((g) => g.member.id),
      given.map((g) => g.assignment.entry.day).toSorted()[0],
      // An action is made at most some weeks before its day; months before that need not be looked at.
      new Date(Math.min(now.getTime(), Date.now()) - 40 * 86_400_000),
    ],
  )
  const taken = new Set(rows.map((r) => `${r.customer_id} ${r.day}`))
  return given.filter(({ member, assignment }) => !taken.has(`${member.id} ${assignment.entry.day}`))
}
