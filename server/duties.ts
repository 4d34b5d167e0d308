import { randomUUID } from 'node:crypto'
import type { Ctx } from './context.ts'
import { withoutAddresses } from './log.ts'
import { pause } from './pause.ts'

/** Periodic work: its failure is logged and the next turn tries again. */
export interface Duty {
  name: string
  everyMs: number
  /** true: in each worker, because it shares its work out itself; else one worker of all does it */
  everywhere?: true
  run: (ctx: Ctx, signal: AbortSignal) => Promise<unknown>
}

const leaseSeconds = 60
const renewMs = 20_000

/** Does the duty in its rhythm until the signal. Any number of processes may call it. */
export async function keepDuty(
  ctx: Ctx,
  duty: Duty,
  signal: AbortSignal,
  processId: string = randomUUID(),
): Promise<void> {
  while (!signal.aborted) {
    try {
      const tick = duty.everywhere ? null : await claimTick(ctx, duty, processId)
      if (duty.everywhere || tick !== null) await runOnce(ctx, duty, signal, processId, tick)
    } catch (err) {
      ctx.log.warn({ err: err as Error, duty: duty.name }, 'duty failed, will be tried again')
    }
    // Near the beginning of the next slot, spread a little: not everybody asks in the same millisecond.
    const untilNext = duty.everyMs - (Date.now() % duty.everyMs)
    await pause(duty.everywhere ? duty.everyMs : untilNext + Math.random() * Math.min(duty.everyMs / 10, 2_000), signal)
  }
}

/**
 * Takes the current slot of time for this process: its number, or null when somebody has it or still runs the last one.
 * The database's clock numbers the slots, and moving the row is the claim, so exactly one process gets each.
 */
export async function claimTick(ctx: Pick<Ctx, 'pool'>, duty: Duty, processId: string): Promise<number | null> {
  const { rows } = await ctx.pool.query<{ tick: number }>(
    `insert into duties as d (name, tick, every_ms, process_id, started_at, busy_until)
     values ($1, floor(extract(epoch from clock_timestamp()) * 1000 / $2), $2, $3, now(), now() + make_interval(secs => ${leaseSeconds}))
     on conflict (name) do update set tick = excluded.tick, every_ms = excluded.every_ms, process_id = excluded.process_id,
       started_at = excluded.started_at, busy_until = excluded.busy_until
     where (d.busy_until is null or d.busy_until < now()) and (d.tick < excluded.tick or d.every_ms <> excluded.every_ms)
     returning d.tick`,
    [duty.name, duty.everyMs, processId],
  )
  return rows[0]?.tick ?? null
}

async function runOnce(
  ctx: Ctx,
  duty: Duty,
  signal: AbortSignal,
  processId: string,
  tick: number | null,
): Promise<void> {
  const renewing = tick === null ? undefined : setInterval(() => void renew(ctx, duty, processId, tick), renewMs)
  const started = performance.now()
  let error: Error | null = null
  try {
    await ctx.tracer.span(`duty ${duty.name}`, {}, () => duty.run(ctx, signal))
  } catch (err) {
    error = err as Error
    throw err
  } finally {
    clearInterval(renewing)
    const seconds = (performance.now() - started) / 1000
    ctx.metrics.duty(duty.name, error === null, seconds)
    if (tick !== null) await finish(ctx, duty, processId, tick, seconds, error)
  }
}

async function renew(ctx: Ctx, duty: Duty, processId: string, tick: number): Promise<void> {
  await ctx.pool
    .query(
      `update duties set busy_until = now() + make_interval(secs => ${leaseSeconds}) where duties.name = $1 and duties.process_id = $2 and duties.tick = $3`,
      [duty.name, processId, tick],
    )
    .catch(() => undefined)
}

// A failure to write it down leaves the lease to run out; the duty itself is done.
async function finish(
  ctx: Ctx,
  duty: Duty,
  processId: string,
  tick: number,
  seconds: number,
  error: Error | null,
): Promise<void> {
  await ctx.pool
    .query(
      `update duties set busy_until = null, finished_at = now(), took_ms = $4, runs = duties.runs + 1,
         failures = duties.failures + case when $5::text is null then 0 else 1 end, error = $5
       where duties.name = $1 and duties.process_id = $2 and duties.tick = $3`,
      [
        duty.name,
        processId,
        tick,
        Math.round(seconds * 1000),
        error ? withoutAddresses(`${error.name}: ${error.message}`).slice(0, 300) : null,
      ],
    )
    .catch((err: unknown) => ctx.log.warn({ err, duty: duty.name }, 'the end of a duty was not written down'))
}
