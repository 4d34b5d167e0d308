import { withTx } from '#db/pool.ts'
import type { ImportUndone } from '#contract/imports.ts'
import type { ImportKind } from '#core/knowledge/columns.ts'
import { audit, type Actor } from '../../audit.ts'
import { startJob, type JobHandler, type JobTools } from '../../background.ts'
import type { Ctx } from '../../context.ts'
import { refreshCampaignCounters } from '../../counters.ts'
import { AppError, notFound } from '../../http/errors.ts'
import { removeProofs, restoreConsents } from './undo-consents.ts'
import { removeCustomers, restoreCustomers } from './undo-customers.ts'
import { removeOrders, restoreOrders } from './undo-orders.ts'
import { removeProducts, restoreProducts } from './undo-products.ts'
import type { Step, Undoing, Undone } from './undo-run.ts'

interface UndoRow {
  id: string
  kind: ImportKind
  status: string
  dry_run: boolean
  rows_new: number
  rows_changed: number
  written_at: string | null
  low_id: string
  high_id: string
  undone_at: Date | null
  /** null: it was never open for undoing */
  is_over: boolean | null
  job_status: string | null
  undo_result: Undone
}

async function readUndo(client: Pick<Ctx['pool'], 'query'>, id: string, lock = false): Promise<UndoRow> {
  const { rows } = await client.query<UndoRow>(
    `select i.id, i.kind, i.status, i.dry_run, i.rows_new, i.rows_changed, i.written_at::text as written_at, uuidv7_floor(coalesce(i.written_at, now())) as low_id,
       uuidv7_floor(coalesce(i.finished_at, now()) + interval '1 minute') as high_id, i.undone_at, i.undo_until < now() as is_over,
       (select j.status from jobs as j where j.id = i.undo_job_id) as job_status, i.undo_result
     from imports as i where i.id = $1 ${lock ? 'for update' : ''}`,
    [id],
  )
  if (!rows[0]) throw notFound('import', id)
  return rows[0]
}

/** Why this import cannot be taken back, as a sentence; null: it can. */
export function undoRefusal(run: {
  kind: string
  status: string
  dry_run: boolean
  rows_new: number
  rows_changed: number
  is_over: boolean | null
  undone_at: Date | null
}): string | null {
  if (run.dry_run) return 'This was a check; nothing was stored.'
  if (run.status !== 'succeeded') return 'Nothing of this import was kept, so there is nothing to undo.'
  if (run.undone_at) return 'This import is undone already.'
  if (run.kind === 'suppressions')
    return 'A list of addresses not to write to is never taken back: those people said no.'
  if (run.rows_new + run.rows_changed === 0) return 'This import changed nothing.'
  if (run.is_over === null) return 'This import is older than undoing; what stood before it was not kept.'
  if (run.is_over) return 'An import can be undone for seven days; they are over.'
  return null
}

/** Hands the undoing to a worker. Asking again while it runs changes nothing. Throws not_found, conflict with the reason. */
export async function queueUndo(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const run = await readUndo(tx, id, true)
    if (run.job_status === 'queued' || run.job_status === 'running') return
    const refusal = undoRefusal(run)
    if (refusal) throw new AppError('conflict', refusal, { id })
    const job = await startJob(ctx, actor, 'import_undo', { import_id: id })
    await tx.query('update imports set undo_job_id = $2 where id = $1', [id, job.id])
    await audit(tx, actor, { action: 'import.undo_started', entity: 'import', entityId: id })
  })
}

function stepsOf(run: Undoing): Step[] {
  switch (run.kind) {
    case 'customers':
      return [restoreCustomers(run), removeCustomers(run, 'removed'), removeProofs(run, { onlyUnchanged: true })]
    case 'orders':
      return [
        restoreOrders(run),
        removeOrders(run),
        removeCustomers(run, 'customers_removed'),
        removeProducts(run, 'products_removed'),
      ]
    case 'products':
      return [restoreProducts(run), removeProducts(run, 'removed')]
    case 'consents':
      return [restoreConsents(run), removeProofs(run, { onlyUnchanged: false })]
    case 'suppressions':
      return []
  }
}

/**
 * Job `import_undo`: input { import_id }. Works in chunks, each its own transaction with what it adds to the result, so
 * that a crash or a stop loses nothing and the next run goes on. After orders the scores follow in a job of their own.
 */
export const importUndoJob: JobHandler = async (ctx, input, tools) => {
  const id = String(input['import_id'])
  const found = await readUndo(ctx.pool, id)
  if (found.undone_at || found.written_at === null) return found.undo_result
  const run: Undoing = {
    id,
    kind: found.kind,
    writtenAt: found.written_at,
    lowId: found.low_id,
    highId: found.high_id,
    config: ctx.config,
  }
  const campaigns = new Set<string>()
  const total = found.rows_new + found.rows_changed
  let looked = 0
  for (const step of stepsOf(run)) {
    for (;;) {
      tools.signal.throwIfAborted()
      const chunk = await withTx(ctx.pool, async (tx) => {
        await tx.query('set local statement_timeout = 0')
        const done = await step(tx)
        if (done) await addUp(tx, id, done.undone)
        return done
      })
      if (!chunk) break
      looked += chunk.looked
      for (const campaign of chunk.campaigns ?? []) campaigns.add(campaign)
      await tools.progress(Math.min(looked, total), total, `${looked} rows looked at`)
    }
  }
  await refreshCampaignCounters(ctx.pool, [...campaigns])
  const result = await finish(ctx, tools, run)
  // Who went had no orders, so only orders change what is known of the others.
  if (run.kind === 'orders') await startJob(ctx, tools.actor, 'follow_orders', {})
  return result
}

async function addUp(tx: Pick<Ctx['pool'], 'query'>, id: string, undone: Undone): Promise<void> {
  const given = Object.entries(undone).filter(([, n]) => n > 0)
  if (given.length === 0) return
  await tx.query(
    `update imports set undo_result = imports.undo_result || (
       select jsonb_object_agg(a.key, coalesce((imports.undo_result ->> a.key)::bigint, 0) + a.value::bigint) from jsonb_each_text($2::jsonb) as a(key, value))
     where imports.id = $1`,
    [id, JSON.stringify(Object.fromEntries(given))],
  )
}

/** What the import added and is still there was used or changed since. */
const left: Record<ImportKind, string> = {
  customers: 'select count(*)::int from customers as c where c.import_id = $1',
  orders: 'select count(*)::int from orders as o where o.import_id = $1',
  products: 'select count(*)::int from products as p where p.import_id = $1',
  consents: 'select 0 where $1::uuid is not null',
  suppressions: 'select 0 where $1::uuid is not null',
}

async function finish(ctx: Ctx, tools: JobTools, run: Undoing): Promise<ImportUndone> {
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ undo_result: ImportUndone }>(
      `update imports set undone_at = now(), undo_result = imports.undo_result || jsonb_build_object('kept_added', (${left[run.kind]})) where imports.id = $1 returning undo_result`,
      [run.id],
    )
    const result = rows[0]!.undo_result
    await audit(tx, tools.actor, { action: 'import.undone', entity: 'import', entityId: run.id, after: result })
    return result
  })
}

/** What is kept to undo imports goes when their seven days are over. Returns how many rows went. */
export async function forgetOldImports(ctx: Ctx, signal?: AbortSignal): Promise<number> {
  let gone = 0
  for (;;) {
    if (signal?.aborted) return gone
    const { rowCount } = await ctx.pool.query(
      `delete from import_before as b where b.ctid = any(array(
         select x.ctid from import_before as x join imports as i on i.id = x.import_id left join jobs as j on j.id = i.undo_job_id
         where (i.undo_until < now() or i.undone_at is not null) and coalesce(j.status, '') not in ('queued', 'running') limit 20000))`,
    )
    gone += rowCount ?? 0
    if ((rowCount ?? 0) < 20_000) return gone
  }
}
