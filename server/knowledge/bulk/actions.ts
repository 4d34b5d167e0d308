import type { PoolClient } from 'pg'
import type { Actor, Change } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { eraseCustomers } from '../../erasure.ts'
import { changePicked, countPicked } from '../../segment-lists.ts'
import { putBack, suppressCustomers, unsuppressCustomers } from '../suppress.ts'
import type { BulkInput } from './input.ts'
import type { Changed, Item } from './items.ts'

export interface Step {
  ctx: Ctx
  tx: PoolClient
  jobId: string
  input: BulkInput
  actor: Actor
}

/** One thing that can be done to many: on sets, a chunk at a time, the same again when it runs twice. */
interface Action {
  chunk?: number
  apply(step: Step, items: readonly Item[]): Promise<Changed>
  /** absent: cannot be undone */
  undo?(step: Step, items: readonly Item[]): Promise<Changed>
  /** once, after the last chunk, also when the job was stopped before its end */
  finish?(ctx: Ctx, tx: PoolClient, input: BulkInput): Promise<void>
  /** what each customer's audit trail says */
  trail(input: BulkInput, isUndo: boolean): Omit<Change, 'entity' | 'entityId'>
}

const idsOf = (items: readonly Item[]): string[] => items.map((i) => i.customer_id)
const most = 50

async function update(tx: PoolClient, set: string, where: string, values: readonly unknown[]): Promise<Changed> {
  const { rows } = await tx.query<{ id: string }>(
    `update customers as c set ${set}, updated_at = clock_timestamp() where c.id = any($1::uuid[]) and ${where} returning c.id`,
    [...values],
  )
  return { ids: rows.map((r) => r.id) }
}

const addTag = ({ tx, input }: Step, items: readonly Item[]): Promise<Changed> =>
  update(
    tx,
    'tags = array(select distinct t from unnest(array_append(c.tags, $2::text)) as t order by t)',
    `not c.tags @> array[$2::text] and cardinality(c.tags) < ${most}`,
    [idsOf(items), input.tag],
  )
const removeTag = ({ tx, input }: Step, items: readonly Item[]): Promise<Changed> =>
  update(tx, 'tags = array_remove(c.tags, $2::text)', 'c.tags @> array[$2::text]', [idsOf(items), input.tag])
const setDeleted =
  (deleted: boolean) =>
  ({ tx }: Step, items: readonly Item[]): Promise<Changed> =>
    update(
      tx,
      `deleted_at = ${deleted ? 'clock_timestamp()' : 'null'}`,
      `c.deleted_at is ${deleted ? '' : 'not '}null and c.erased_at is null and c.merged_into is null`,
      [idsOf(items)],
    )
const pick =
  (change: 'add' | 'remove') =>
  async ({ ctx, tx, input }: Step, items: readonly Item[]): Promise<Changed> => ({
    ids: await changePicked(tx, change, input.segment_id!, idsOf(items), ctx.clock()),
  })
const countSegment: NonNullable<Action['finish']> = (ctx, tx, input) => countPicked(tx, input.segment_id!, ctx.clock())
const word = (yes: string, no: string, after: (input: BulkInput) => unknown): Action['trail'] => {
  return (input, isUndo) => ({ action: `customer.${isUndo ? no : yes}`, after: after(input) })
}
const tagOf = ({ tag }: BulkInput): unknown => ({ tag })
const segmentOf = ({ segment_id }: BulkInput): unknown => ({ segment_id })

/** Tags that stood beside the renamed one are part of what an undo puts back. */
const renameTag: Action = {
  async apply({ tx, input }, items) {
    const { rows } = await tx.query<{ id: string; had: boolean }>(
      `update customers as c set tags = array(select distinct t from unnest(array_append(array_remove(c.tags, $2::text), $3::text)) as t order by t),
         updated_at = clock_timestamp()
       from customers as b where b.id = c.id and c.id = any($1::uuid[]) and c.tags @> array[$2::text]
       returning c.id, b.tags @> array[$3::text] as had`,
      [idsOf(items), input.tag, input.name],
    )
    return { ids: rows.map((r) => r.id), before: new Map(rows.map((r) => [r.id, r.had])) }
  },
  async undo({ tx, input }, items) {
    const had = items.filter((i) => i.before === true).map((i) => i.customer_id)
    return update(
      tx,
      `tags = array(select distinct t from unnest(array_append(case when c.id = any($4::uuid[]) then c.tags else array_remove(c.tags, $3::text) end, $2::text)) as t order by t)`,
      'c.tags @> array[$3::text]',
      [idsOf(items), input.tag, input.name, had],
    )
  },
  trail: (input, isUndo) => ({
    action: 'customer.tag_renamed',
    before: { tag: isUndo ? input.name : input.tag },
    after: { tag: isUndo ? input.tag : input.name },
  }),
}

export const actions: Record<Exclude<BulkInput['action'], 'export'>, Action> = {
  add_tag: { apply: addTag, undo: removeTag, trail: word('tagged', 'untagged', tagOf) },
  remove_tag: { apply: removeTag, undo: addTag, trail: word('untagged', 'tagged', tagOf) },
  rename_tag: renameTag,
  add_to_segment: {
    apply: pick('add'),
    undo: pick('remove'),
    finish: countSegment,
    trail: word('added_to_segment', 'removed_from_segment', segmentOf),
  },
  remove_from_segment: {
    apply: pick('remove'),
    undo: pick('add'),
    finish: countSegment,
    trail: word('removed_from_segment', 'added_to_segment', segmentOf),
  },
  suppress: {
    async apply({ ctx, tx, input, jobId, actor }, items) {
      const entry = {
        channel: input.channel!,
        note: input.note!,
        createdBy: actor.kind === 'user' ? actor.id : null,
        jobId,
        at: ctx.clock(),
      }
      return { ids: await suppressCustomers(tx, ctx.config, idsOf(items), entry) }
    },
    async undo({ tx, jobId }, items) {
      const { rows } = await tx.query<{ customer_id: string }>(
        `delete from suppressions as s where s.job_id = $1 and s.reason = 'manual' and s.customer_id = any($2::uuid[]) returning s.customer_id`,
        [jobId, idsOf(items)],
      )
      return { ids: [...new Set(rows.map((r) => r.customer_id))] }
    },
    trail: (input, isUndo) => ({
      action: isUndo ? 'customer.unsuppressed' : 'customer.suppressed',
      after: { channel: input.channel },
      reason: input.note!,
    }),
  },
  unsuppress: {
    async apply({ ctx, tx, input }, items) {
      const taken = await unsuppressCustomers(tx, ctx.config, idsOf(items), input.channel!)
      return { ids: [...taken.keys()], before: taken }
    },
    async undo({ tx }, items) {
      type Taken = Awaited<ReturnType<typeof unsuppressCustomers>>
      const taken: Taken = new Map(items.map((i) => [i.customer_id, (i.before ?? []) as never]))
      return { ids: await putBack(tx, taken) }
    },
    trail: (input, isUndo) => ({
      action: isUndo ? 'customer.suppressed' : 'customer.unsuppressed',
      after: { channel: input.channel },
      reason: input.note!,
    }),
  },
  delete: { apply: setDeleted(true), undo: setDeleted(false), trail: word('deleted', 'restored', () => undefined) },
  restore: { apply: setDeleted(false), undo: setDeleted(true), trail: word('restored', 'deleted', () => undefined) },
  erase: {
    // Each chunk looks through texts that may hold somebody's name; small chunks keep the locks short.
    chunk: 100,
    async apply({ ctx, tx }, items) {
      return { ids: await eraseCustomers(ctx, tx, idsOf(items)) }
    },
    trail: (input) => ({ action: 'customer.erased', after: { reason: input.reason } }),
  },
}
