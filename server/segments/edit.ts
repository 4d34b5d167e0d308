import type { ClientBase } from 'pg'
import type { CustomerFilter } from '#contract/knowledge.ts'
import type { Playbook, SegmentInput } from '#contract/segments.ts'
import { ruleOfFilter } from '#core/segments/from-filter.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import { startJob } from '../background.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { refusePlaybookFaults } from './playbook.ts'
import { readSegment, type SegmentRow } from './queries.ts'

const isUser = (actor: Actor): string | null => (actor.kind === 'user' ? actor.id : null)

type NewSegment = Omit<SegmentInput, 'rules'> & { rules?: SegmentInput['rules'] }

/** Stores the segment with its first version and starts the job that fills it. The key is made from the name. */
export async function createSegment(ctx: Ctx, actor: Actor, input: SegmentInput): Promise<SegmentRow> {
  const id = await insertSegment(ctx, actor, 'rule', input)
  await startJob(ctx, actor, 'segment_refresh', { segment_id: id })
  return readSegment(ctx, id)
}

/** The list filter as a segment that stays up to date. Throws InputError with a sentence for each filter no rule can say. */
export async function createFromFilter(
  ctx: Ctx,
  actor: Actor,
  input: Omit<NewSegment, 'rules'> & { filter: CustomerFilter },
): Promise<SegmentRow> {
  const { filter, ...rest } = input
  const made = ruleOfFilter(filter)
  if ('problems' in made)
    throw new InputError(made.problems.map((p) => ({ path: `filter.${p.filter}`, message: p.message })))
  return createSegment(ctx, actor, { ...rest, rules: made.rule })
}

/** A segment without a rule: its members are those somebody adds (server/segment-lists.ts). */
export async function createPicked(ctx: Ctx, actor: Actor, input: NewSegment): Promise<SegmentRow> {
  return readSegment(ctx, await insertSegment(ctx, actor, 'snapshot', input))
}

async function insertSegment(ctx: Ctx, actor: Actor, kind: 'rule' | 'snapshot', input: NewSegment): Promise<string> {
  await refusePlaybookFaults(ctx, input)
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into segments (key, name, description, kind, rules, recommended_offers, messaging_strategy, optimal_channels, optimal_send_window, is_active, tone, cool_down_days)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id`,
      [
        await freeKey(tx, input.name),
        input.name,
        input.description ?? null,
        kind,
        JSON.stringify(input.rules ?? {}),
        JSON.stringify(input.recommended_offers ?? ['content']),
        input.messaging_strategy ?? null,
        input.optimal_channels ?? ['email'],
        JSON.stringify(input.optimal_send_window ?? { start: '10:00', end: '20:00' }),
        input.is_active ?? true,
        input.tone ?? null,
        input.cool_down_days ?? 0,
      ],
    )
    const made = rows[0]!.id
    await keepVersion(tx, actor, made)
    await audit(tx, actor, { action: 'segment.created', entity: 'segment', entityId: made, after: { kind, ...input } })
    return made
  })
}

/** Changed rules become a new version, and the members follow in a job. Throws InputError for the rules of RFM segments. */
export async function updateSegment(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Partial<SegmentInput>,
): Promise<SegmentRow> {
  await refusePlaybookFaults(ctx, change)
  const isRuleChanged = await withTx(ctx.pool, (tx) => changeSegment(tx, actor, id, change))
  if (isRuleChanged) await startJob(ctx, actor, 'segment_refresh', { segment_id: id })
  return readSegment(ctx, id)
}

/** The change itself, in the caller's transaction. Returns whether the members must be found anew. Throws not_found, InputError. */
export async function changeSegment(
  tx: ClientBase,
  actor: Actor,
  id: string,
  change: Partial<SegmentInput>,
): Promise<boolean> {
  const before = await lock(tx, id)
  if (change.rules !== undefined && before.kind !== 'rule')
    throw new InputError([
      {
        path: 'rules',
        message:
          before.kind === 'rfm'
            ? 'An RFM segment follows the scores; its rules are fixed. Make a segment of your own.'
            : 'This segment is picked by hand and has no rule. Make a new segment for a rule.',
      },
    ])
  const rulesChanged = change.rules !== undefined && JSON.stringify(change.rules) !== JSON.stringify(before.rules)
  const isNewVersion = rulesChanged || (change.name !== undefined && change.name !== before.name)
  const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value))
  await tx.query(
    `update segments as g set name = coalesce($2, g.name), description = case when $3 then $4 else g.description end, rules = coalesce($5::jsonb, g.rules),
       recommended_offers = coalesce($6::jsonb, g.recommended_offers), messaging_strategy = case when $7 then $8 else g.messaging_strategy end,
       optimal_channels = coalesce($9::text[], g.optimal_channels), optimal_send_window = coalesce($10::jsonb, g.optimal_send_window),
       is_active = coalesce($11, g.is_active), version = g.version + $12, tone = case when $13 then $14 else g.tone end,
       cool_down_days = coalesce($15, g.cool_down_days), updated_at = now() where g.id = $1`,
    [
      id,
      change.name ?? null,
      change.description !== undefined,
      change.description ?? null,
      json(change.rules),
      json(change.recommended_offers),
      change.messaging_strategy !== undefined,
      change.messaging_strategy ?? null,
      change.optimal_channels ?? null,
      json(change.optimal_send_window),
      change.is_active ?? null,
      isNewVersion ? 1 : 0,
      change.tone !== undefined,
      change.tone ?? null,
      change.cool_down_days ?? null,
    ],
  )
  if (isNewVersion) await keepVersion(tx, actor, id)
  await audit(tx, actor, {
    action: 'segment.updated',
    entity: 'segment',
    entityId: id,
    before: Object.fromEntries(Object.keys(change).map((field) => [field, before[field as keyof typeof before]])),
    after: change,
  })
  return rulesChanged
}

/** Hides the segment; `restoreSegment` takes it back. Throws conflict while an open campaign plans with it. */
export async function deleteSegment(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const before = await lock(tx, id)
    if (before.kind === 'rfm')
      throw new AppError('conflict', 'The RFM segments belong to scoring. Switch this one off instead.', { id })
    const { rows } = await tx.query<{ name: string }>(
      `select c.name from campaigns as c where $1 = any(c.target_segments) and c.status in ('draft', 'approved', 'scheduled', 'active', 'paused') limit 3`,
      [before.key],
    )
    if (rows.length > 0)
      throw new AppError(
        'conflict',
        `${rows.map((c) => c.name).join(', ')} ${rows.length === 1 ? 'plans' : 'plan'} with this segment. Change or remove that first.`,
        { campaigns: rows.map((c) => c.name) },
      )
    await tx.query('update segments set deleted_at = now() where segments.id = $1', [id])
    await audit(tx, actor, {
      action: 'segment.removed',
      entity: 'segment',
      entityId: id,
      before: { name: before.name },
    })
  })
}

/** Throws not_found when there is no such removed segment. */
export async function restoreSegment(ctx: Ctx, actor: Actor, id: string): Promise<SegmentRow> {
  await withTx(ctx.pool, async (tx) => {
    const { rowCount } = await tx.query(
      'update segments set deleted_at = null where segments.id = $1 and segments.deleted_at is not null',
      [id],
    )
    if (!rowCount) throw notFound('segment', id)
    await audit(tx, actor, { action: 'segment.restored', entity: 'segment', entityId: id })
  })
  return readSegment(ctx, id)
}

type Locked = Pick<SegmentRow, 'key' | 'name' | 'description' | 'kind' | 'rules' | 'is_active' | keyof Playbook>

async function lock(tx: ClientBase, id: string): Promise<Locked> {
  const { rows } = await tx.query<Locked>(
    `select g.key, g.name, g.description, g.kind, g.rules, g.is_active, g.recommended_offers, g.tone, g.messaging_strategy, g.optimal_channels,
       g.optimal_send_window, g.cool_down_days
     from segments as g where g.id = $1 and g.deleted_at is null for update`,
    [id],
  )
  if (!rows[0]) throw notFound('segment', id)
  return rows[0]
}

async function keepVersion(tx: ClientBase, actor: Actor, id: string): Promise<void> {
  await tx.query(
    `insert into segment_versions (segment_id, version, name, rules, changed_by) select g.id, g.version, g.name, g.rules, $2 from segments as g where g.id = $1`,
    [id, isUser(actor)],
  )
}

// "Lapsed bourbon buyers" -> lapsed_bourbon_buyers, with a number behind it when that is taken.
async function freeKey(tx: ClientBase, name: string): Promise<string> {
  const stem =
    name
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
      .slice(0, 50) || 'segment'
  const { rows } = await tx.query<{ key: string }>(
    'select g.key from segments as g where g.key = $1 or g.key like $2',
    [stem, `${stem.replaceAll('_', '\\_')}\\_%`],
  )
  const taken = new Set(rows.map((r) => r.key))
  if (!taken.has(stem)) return stem
  let n = 2
  while (taken.has(`${stem}_${n}`)) n += 1
  return `${stem}_${n}`
}
