import { exportColumns, type BulkRequest, type ExportColumn } from '#contract/bulk.ts'
import type { Job } from '#contract/common.ts'
import type { CustomerFilter } from '#contract/knowledge.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import { startJob } from '../../background.ts'
import type { Ctx } from '../../context.ts'
import { customerFrom } from '../../customer-rows.ts'
import { AppError, InputError } from '../../http/errors.ts'
import { checkPicked } from '../../segment-lists.ts'
import { customerOrder } from '../customer-list.ts'
import { hiddenColumns } from '../export-columns.ts'
import type { ExportInput } from '../export-run.ts'
import type { BulkInput } from './input.ts'
import { whomSql } from './items.ts'

const needed: Partial<Record<BulkRequest['action'], Actor['role']>> = { export: 'user', erase: 'admin' }
const rank = { user: 1, manager: 2, admin: 3 }

/** Checks a bulk action and hands it to a worker. Throws forbidden, InputError, not_found, conflict. */
export async function startBulk(ctx: Ctx, actor: Actor, request: BulkRequest): Promise<Job> {
  const least = needed[request.action] ?? 'manager'
  if (rank[actor.role] < rank[least])
    throw new AppError('auth.forbidden', `This needs the role ${least}; you are ${actor.role}. Ask an admin.`)
  if ((request.filter === undefined) === (request.ids === undefined))
    throw new InputError([
      { path: 'filter', message: 'Say whom: give either ids or a filter (an empty one is everybody).' },
    ])
  const { columns, expected, sort, ...rest } = { columns: undefined, expected: undefined, sort: undefined, ...request }
  const input: BulkInput = {
    ...(rest as Omit<BulkInput, 'at' | 'role'>),
    at: ctx.clock().toISOString(),
    role: actor.role,
  }
  if (request.action === 'export') return startExport(ctx, actor, input, columns, sort ?? 'name', request.reason)
  if (input.segment_id) await withTx(ctx.pool, (tx) => checkPicked(tx, input.segment_id!))
  if (expected !== undefined) await checkExpected(ctx, input, expected)
  return begin(ctx, actor, input)
}

/** Starts the job and says so in the audit trail; each customer's own line follows when it is changed. */
export async function begin(ctx: Ctx, actor: Actor, input: BulkInput): Promise<Job> {
  const job = await startJob(ctx, actor, 'customers_bulk', { ...input }, { canUndo: input.action !== 'erase' })
  const { filter, ids, at: _at, role: _role, ...what } = input
  await audit(ctx.pool, actor, {
    action: 'customers.bulk_started',
    entity: 'job',
    entityId: job.id,
    after: { ...what, ...(filter ? { filter: told(filter) } : { customers: ids?.length }) },
  })
  return job
}

/** A filter as it may be kept: a search text can be an address. */
export function told({ q, ...filter }: CustomerFilter): Record<string, unknown> {
  return { ...filter, ...(q ? { q: '(given)' } : {}) }
}

// What cannot be undone must still be what the person saw when they agreed.
async function checkExpected(ctx: Ctx, input: BulkInput, expected: number): Promise<void> {
  const values: unknown[] = []
  const where = await whomSql(ctx, input, values)
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from ${customerFrom} where ${where}`,
    values,
  )
  const n = rows[0]!.n
  if (n !== expected)
    throw new AppError('conflict', `You agreed to ${expected}, but now it would be ${n}. Look at the list again.`, {
      expected,
      now: n,
    })
}

async function startExport(
  ctx: Ctx,
  actor: Actor,
  input: BulkInput,
  asked: ExportColumn[] | undefined,
  sort: string,
  reason: string,
): Promise<Job> {
  const isMasked = actor.role === 'user'
  const hidden = isMasked ? hiddenColumns : []
  const refused = asked?.filter((c) => hidden.includes(c)) ?? []
  if (refused.length > 0)
    throw new InputError([{ path: 'columns', message: `Your role does not see ${refused.join(', ')}. Leave it out.` }])
  customerOrder(sort, actor)
  const columns = asked ?? exportColumns.filter((c) => !hidden.includes(c))
  const params = { columns, sort, ...(input.filter ? { filter: told(input.filter) } : { ids: input.ids?.length }) }
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into exports (kind, params, reason, created_by, is_masked) values ('customers', $1, $2, $3, $4) returning id`,
    [JSON.stringify(params), reason, actor.kind === 'user' ? actor.id : null, isMasked],
  )
  const id = rows[0]!.id
  const { reason: _, ...whom } = input
  const job = await startJob(ctx, actor, 'customers_export', {
    ...whom,
    export_id: id,
    columns,
    sort,
  } satisfies ExportInput & Record<string, unknown>)
  await ctx.pool.query('update exports set job_id = $2 where exports.id = $1', [id, job.id])
  await audit(ctx.pool, actor, {
    action: 'customers.exported',
    entity: 'export',
    entityId: id,
    after: { ...params, is_masked: isMasked },
    reason,
  })
  return job
}
