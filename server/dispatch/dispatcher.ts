import { completeCampaigns } from '../campaign-state.ts'
import { createComposer } from '../composer.ts'
import type { Ctx } from '../context.ts'
import { createAdmission } from './admit.ts'
import { isAway } from './away.ts'
import { renewLeases } from './claim.ts'
import { createGroupCommit } from './group-commit.ts'
import { createLane, type Lane } from './lane.ts'
import { startLiveness, type Worker } from './liveness.ts'
import { createProgress } from './progress.ts'
import { cancelLeftovers, reclaimBatches, rollWindows } from './sweep.ts'

export interface DispatchOptions {
  signal: AbortSignal
  /** only this campaign */
  campaignId?: string
}

export interface DispatchSummary {
  /** sends by status after the run */
  counts: Record<string, number>
  /** messages that left in this run */
  sent: number
}

const sweepEveryMs = 2_000
const renewEveryMs = 10_000
const windowEveryMs = 30_000

/**
 * Sends what is due until the signal. Any number of workers may run: rows are leased, results are committed before a
 * slot is used again, and what a dead worker held is taken over. After the signal it finishes what is in flight.
 */
export async function runDispatcher(ctx: Ctx, options: DispatchOptions): Promise<void> {
  await run(ctx, options, () => Promise.resolve(false))
}

/**
 * Sends until nothing is due any more (of one campaign, or of all), as the command line does. It waits for what falls
 * due within `patienceMs`: most of that is what a provider has just put off.
 */
export async function dispatchOnce(
  ctx: Ctx,
  { patienceMs = 30_000, ...options }: { signal?: AbortSignal; campaignId?: string; patienceMs?: number } = {},
): Promise<DispatchSummary> {
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const sent = await run(
    ctx,
    { signal, ...(options.campaignId ? { campaignId: options.campaignId } : {}) },
    async (lanes) => {
      if (!lanes.every((lane) => lane.isIdle()) || (await hasSoon(ctx, options.campaignId ?? null, patienceMs)))
        return false
      stop.abort()
      return true
    },
  )
  await completeCampaigns(ctx)
  const { rows } = await ctx.pool.query<{ status: string; n: number }>(
    `select s.status, count(*) as n from sends as s where $1::uuid is null or s.campaign_id = $1 group by 1`,
    [options.campaignId ?? null],
  )
  return { counts: Object.fromEntries(rows.map((r) => [r.status, r.n])), sent }
}

async function run(
  ctx: Ctx,
  { signal, campaignId }: DispatchOptions,
  isDone: (lanes: readonly Lane[]) => Promise<boolean>,
): Promise<number> {
  const worker = await connect(ctx, signal)
  if (!worker) return 0
  const progress = createProgress(ctx)
  let sent = 0
  const commit = createGroupCommit(ctx, (moves) => {
    for (const { channel, status, n } of moves) {
      ctx.metrics.settled(channel, status, n)
      if (status === 'sent' || status === 'delivered') sent += n
    }
    progress.add(moves)
  })
  const tools = {
    ctx,
    worker,
    commit,
    composer: createComposer(ctx),
    admission: createAdmission(ctx),
    campaignId: campaignId ?? null,
    signal,
  }
  // The sweep comes first: what a killed worker held must not wait for this one's own work.
  await sweep(ctx, worker)
  await complete(ctx, progress.touch)
  const lanes = [createLane({ ...tools, kind: 'email' }), createLane({ ...tools, kind: 'sms' })]
  const wakeAll = (): void => {
    for (const lane of lanes) lane.wake()
  }
  const stops = [
    ctx.bus.subscribe('dispatch', wakeAll),
    ctx.bus.subscribe('campaign.', (_topic, payload) => void (payload['counts'] || wakeAll())),
  ]
  const keeper = keepHouse(ctx, worker, lanes, signal, progress.touch, isDone)
  try {
    await Promise.all(lanes.map((lane) => lane.run()))
    await keeper
  } finally {
    for (const stop of stops) stop()
    await commit.end()
    await progress.flush()
    await worker.stop()
  }
  return sent
}

async function connect(ctx: Ctx, signal: AbortSignal): Promise<Worker | null> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      return await startLiveness(ctx)
    } catch (err) {
      if (!isAway(err) && attempt > 20) throw err
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
  return null
}

async function keepHouse(
  ctx: Ctx,
  worker: Worker,
  lanes: readonly Lane[],
  signal: AbortSignal,
  touch: (id: string) => void,
  isDone: (lanes: readonly Lane[]) => Promise<boolean>,
): Promise<void> {
  let renewedAt = Date.now()
  let sweptAt = Date.now()
  let completedAt = Date.now()
  let rolledAt = 0
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    const now = Date.now()
    try {
      if (now - renewedAt > renewEveryMs) {
        await renewLeases(
          ctx,
          lanes.flatMap((lane) => lane.batches()),
        )
        renewedAt = now
      }
      if (now - sweptAt > sweepEveryMs) {
        await sweep(ctx, worker)
        sweptAt = now
      }
      // Who is busy looks less often: the question steps over everything that a large campaign has sent.
      if (now - completedAt > (lanes.every((lane) => lane.isIdle()) ? sweepEveryMs : windowEveryMs)) {
        await complete(ctx, touch)
        completedAt = now
      }
      if (now - rolledAt > windowEveryMs) {
        await rollWindows(ctx)
        await cancelLeftovers(ctx)
        rolledAt = now
      }
      // Asked last: windows that passed have been rolled on before a single run may call itself done.
      if (await isDone(lanes)) return
    } catch (err) {
      if (!isAway(err)) ctx.log.error({ err: err as Error }, 'the sweep failed, trying again')
    }
  }
}

async function sweep(ctx: Ctx, worker: Worker): Promise<void> {
  try {
    await reclaimBatches(ctx, worker)
  } catch (err) {
    if (!isAway(err)) throw err
  }
}

async function complete(ctx: Ctx, touch: (id: string) => void): Promise<void> {
  try {
    for (const id of await completeCampaigns(ctx)) {
      ctx.log.info({ campaign: id }, 'campaign completed')
      touch(id)
    }
  } catch (err) {
    if (!isAway(err)) throw err
  }
}

// Messages that a provider put off, and what a dead worker of before still holds, belong to this run.
async function hasSoon(ctx: Ctx, campaignId: string | null, patienceMs: number): Promise<boolean> {
  const { rows } = await ctx.pool.query<{ soon: boolean }>(
    `select exists (
       select 1 from sends as s join campaigns as c on c.id = s.campaign_id and c.status = 'active'
       where ($1::uuid is null or c.id = $1) and s.status = 'pending' and s.window_end > $2 and s.due_at <= $3) as soon`,
    [campaignId, ctx.clock(), new Date(ctx.clock().getTime() + patienceMs)],
  )
  return rows[0]?.soon ?? false
}
