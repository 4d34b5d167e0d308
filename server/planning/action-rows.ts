import type { PoolClient } from 'pg'
import { intArray, textArray, uuidArray } from '#db/binary-arrays.ts'
import { openCopyWriter } from '#db/copy-writer.ts'
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
  /** Writes some of it, once so much was kept that it is worth it. */
  drain(): Promise<void>
  /** what was written so far */
  readonly made: { actions: number; sends: number; skipped: number; holdout: number }
}

const perStatement = 5000
const sendColumns = [
  'id', 'customer_id', 'campaign_id', 'channel', 'recipient', 'template_id', 'variables', 'due_at', 'window_end', 'entry_id', 'text_id', 'customer_group',
] // prettier-ignore
/**
 * Of a million messages, those due side by side come together by dozens; some 50 MB. With more of them the index of customers
 * loses more than that of due times gains.
 */
const mostWaiting = 200_000

/** What is kept of a decision until it is written. */
interface Decision {
  customerId: string
  /** place of the entry among those of all arms */
  entry: number
  group: string | null
}
interface HeldBack extends Decision {
  outcome: 'holdout' | 'skipped'
  rule: string | null
  isOfAll: boolean
}
interface Message extends Decision {
  /** what it shares with others */
  part: Part
  firstName: string | null
  recipient: string
  /** milliseconds since 1970 */
  due: number
  end: number
}
/** What an entry says at a store to those of a category. */
interface Part {
  entry: number
  assignment: Assignment
  store: AudienceMember['customer']['store']
  category: string | null
  textId: string | null
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
  const parts = new Map<string, Part>()
  let heldBack: HeldBack[] = []
  let waiting: Message[] = []
  const total = { actions: 0, sends: 0, skipped: 0, holdout: 0 }

  const partOf = ({ customer, primary_category: category }: AudienceMember, assignment: Assignment, entry: number) => {
    const key = `${entry}|${customer.store.id}|${category ?? ''}`
    let part = parts.get(key)
    if (!part) parts.set(key, (part = { entry, assignment, store: customer.store, category, textId: null }))
    return part
  }
  const textOf = ({ entry, assignment, store, category }: Part): string => {
    const { arm, texts } = armOf[entry]!
    return JSON.stringify(sharedVariables(assignment.entry, store, category, texts, shelf, arm.subject))
  }

  /** Who gets no message. */
  async function insertActions(rows: readonly HeldBack[]): Promise<void> {
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
        uuidArray(rows.map((r) => r.customerId)),
        intArray(rows.map((r) => r.entry)),
        textArray(rows.map((r) => r.outcome)),
        textArray(rows.map((r) => r.rule)),
        rows.map((r) => r.isOfAll),
        textArray(rows.map((r) => r.group)),
      ],
    )
    total.actions += rows.length
    for (const { outcome } of rows) total[outcome]++
  }

  /** By COPY: a statement over arrays costs the database some 1.5 µs a message more. */
  async function insertSends(due: readonly Message[]): Promise<void> {
    const used = [...new Set(due.map((m) => m.part))]
    const entryIds = await said.entries([...new Set(used.map((p) => contents[p.entry]!))])
    for (const untold of slicesOf(used.filter((p) => p.textId === null))) {
      const textIds = await said.texts(untold.map(textOf))
      for (const [i, part] of untold.entries()) part.textId = textIds[i]!
    }
    const copy = openCopyWriter(tx, 'sends', sendColumns)
    try {
      for (const m of due) {
        const { e } = entries[m.entry]!
        copy.row()
        copy.uuid(newSend())
        copy.uuid(m.customerId)
        copy.uuid(campaignId)
        copy.text(e.channel)
        copy.rareText(m.recipient)
        if (e.template_id === null) copy.none()
        else copy.uuid(e.template_id)
        copy.jsonb(`{"first_name":${JSON.stringify(m.firstName)}}`)
        copy.instant(m.due)
        copy.instant(m.end)
        copy.uuid(entryIds.get(contents[m.entry]!)!)
        copy.uuid(m.part.textId!)
        if (m.group === null) copy.none()
        else copy.text(m.group)
        const busy = copy.flushed()
        if (busy) await busy
      }
      await copy.finish()
    } catch (error) {
      copy.abort()
      throw error
    }
    total.actions += due.length
    total.sends += due.length
  }

  async function writeHeldBack(): Promise<void> {
    const rows = isFirst ? heldBack : await stillFree(heldBack)
    heldBack = []
    for (const slice of slicesOf(rows)) await insertActions(slice)
  }

  async function writeWaiting(): Promise<void> {
    // In the order of the index that dispatch reads: messages then go into it side by side, and lie side by side for it.
    const due = (isFirst ? waiting : await stillFree(waiting)).toSorted((a, b) => a.due - b.due)
    waiting = []
    if (due.length > 0) await insertSends(due)
  }

  /** Of each customer and day the first, and none who has an action of this campaign on that day already. */
  async function stillFree<T extends Decision>(decisions: readonly T[]): Promise<T[]> {
    if (decisions.length === 0) return []
    const dayOf = (d: Decision): string => entries[d.entry]!.e.day
    const { rows } = await tx.query<{ customer_id: string; day: string }>(
      `select a.customer_id, a.scheduled_date as day from every_action as a
       where a.campaign_id = $1 and a.customer_id = any($2::uuid[]) and a.scheduled_date >= $3 and a.id >= uuidv7_floor($4)`,
      [
        campaignId,
        decisions.map((d) => d.customerId),
        decisions.map(dayOf).toSorted()[0],
        // An action is made at most some weeks before its day; months before that need not be looked at.
        new Date(Math.min(now.getTime(), Date.now()) - 40 * 86_400_000),
      ],
    )
    const taken = new Set(rows.map((r) => `${r.customer_id} ${r.day}`))
    return decisions.filter((d) => {
      const key = `${d.customerId} ${dayOf(d)}`
      return !taken.has(key) && taken.add(key)
    })
  }

  return {
    add(member, assignment, arm) {
      const entry = placeOf[arm]!.get(assignment.entry.id)!
      const decision = { customerId: member.id, entry, group: member.customer.group ?? null }
      const { outcome } = assignment
      if (outcome !== 'pending')
        heldBack.push({
          ...decision,
          outcome,
          rule: assignment.verdict?.rule_id ?? null,
          isOfAll: outcome === 'holdout' && member.held_out_of_all,
        })
      else {
        const recipient = assignment.entry.channel === 'email' ? member.email : member.phone
        if (recipient === null) throw new Error(`Customer ${member.id} has no address of this channel.`)
        waiting.push({
          ...decision,
          part: partOf(member, assignment, entry),
          firstName: member.first_name,
          recipient,
          due: assignment.due_at!.getTime(),
          end: assignment.window_end!.getTime(),
        })
      }
    },
    async flush() {
      await writeHeldBack()
      await writeWaiting()
    },
    async drain() {
      if (heldBack.length >= perStatement) await writeHeldBack()
      if (waiting.length >= mostWaiting) await writeWaiting()
    },
    made: total,
  }
}

function* slicesOf<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < rows.length; from += perStatement) yield rows.slice(from, from + perStatement)
}
