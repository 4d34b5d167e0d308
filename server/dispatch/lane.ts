import type { Verdict } from '#core/compliance/verdict.ts'
import type { ChannelKind } from '#core/delivery/message.ts'
import { readChannels } from '../channel-settings.ts'
import type { Composer } from '../composer.ts'
import type { Ctx } from '../context.ts'
import type { Admission } from './admit.ts'
import { createAttempts, type Ready } from './attempt.ts'
import { isAway } from './away.ts'
import type { ClaimedSend } from './claim.ts'
import { createClaims } from './claims.ts'
import type { GroupCommit } from './group-commit.ts'
import type { ResultItem } from './ledger.ts'
import { countDispatchers, type Worker } from './liveness.ts'
import { createNaps } from './naps.ts'
import { createRouter } from './router.ts'
import type { StartVerdict } from './turn.ts'

export interface LaneTools {
  ctx: Ctx
  kind: ChannelKind
  worker: Worker
  commit: GroupCommit
  composer: Composer
  admission: Admission
  campaignId: string | null
  signal: AbortSignal
}

/** One channel of one worker: claims ahead, and sends with a fixed number of messages in flight. */
export interface Lane {
  /** runs until the signal; then everything in flight is finished and the rest released */
  run(): Promise<void>
  /** looks for work now instead of in a second */
  wake(): void
  batches(): string[]
  /** nothing is held and the last look found nothing due */
  isIdle(): boolean
}

// What a provider takes in a minute it takes from all workers together.
const shareOf = (perMinute: number | null, share: number): number | null =>
  perMinute === null ? null : perMinute * share

const lookEveryMs = 1_000
/** What a claim costs beside its messages is then no longer felt; more would only lie in memory. */
const mostPerClaim = 1_500
/** Messages built before the loop turns again. */
const builtAtOnce = 100

export function createLane({ ctx, kind, worker, commit, composer, admission, campaignId, signal }: LaneTools): Lane {
  const { result, afterStop, attempt } = createAttempts(ctx, kind)
  const ready: Ready[] = []
  /** batch -> sends that are not settled yet; one with a result that could not be written is left to its lease */
  const held = new Map<string, { left: number; isAbandoned: boolean }>()
  let slots = ctx.config.slots
  let settingsAt = 0
  const claims = createClaims(ctx, worker, kind, campaignId)
  let foundNothing = false

  const naps = createNaps()
  const router = createRouter(naps.sleep)

  async function finish(item: ResultItem): Promise<void> {
    try {
      await commit.finish(item)
      if (item.status === 'pending') claims.startOver()
      letGo(item.batchId)
    } catch (err) {
      // Its lease will run out and the sweeper decides by what the tables say.
      ctx.log.error({ err: err as Error, send: item.sendId }, 'a result could not be written')
      const batch = held.get(item.batchId)
      if (batch) batch.isAbandoned = true
      letGo(item.batchId)
    }
  }

  function letGo(batchId: string): void {
    const batch = held.get(batchId)
    if (!batch) return
    batch.left -= 1
    if (batch.left > 0) return
    held.delete(batchId)
    if (!batch.isAbandoned) commit.close(batchId)
    if (held.size === 0) naps.wake()
  }

  // Claims, asks the gate, builds the messages. Returns how many sends were claimed.
  async function refill(): Promise<number> {
    const sends = await claims.next(Math.min(mostPerClaim, Math.max(50, slots * 15)))
    if (sends.length === 0) return 0
    held.set(sends[0]!.batch_id, { left: sends.length, isAbandoned: false })
    const refused: Promise<void>[] = []
    let from = 0
    try {
      const verdicts = await admission.check(sends)
      for (; from < sends.length; from += builtAtOnce) {
        const until = from + builtAtOnce
        await prepare(sends.slice(from, until), verdicts.slice(from, until), refused)
        // The slots send what is there before the next are built.
        await new Promise((resolve) => setImmediate(resolve))
      }
    } catch (error) {
      await Promise.all(sends.slice(from).map((send) => finish(result(send, { status: 'pending' }))))
      throw error
    } finally {
      await Promise.all(refused)
    }
    return sends.length
  }

  async function prepare(
    sends: readonly ClaimedSend[],
    verdicts: readonly (Verdict | null)[],
    refused: Promise<void>[],
  ): Promise<void> {
    const admitted = sends.filter((_, i) => !verdicts[i])
    const messages = await composer.compose(admitted)
    // Nothing below can fail: a send is either settled here or ready.
    sends.forEach((send, i) => {
      const verdict = verdicts[i]
      if (!verdict) return
      if (verdict.outcome === 'defer' && verdict.until && verdict.until.slice(0, 10) <= send.campaign_end) {
        const dueAt = new Date(verdict.until)
        const length = Math.max(3_600_000, send.window_end.getTime() - send.due_at.getTime())
        refused.push(
          finish(
            result(send, {
              status: 'pending',
              dueAt,
              windowEnd: new Date(Math.max(send.window_end.getTime(), dueAt.getTime() + length)),
              detail: verdict.summary,
              refusedBy: verdict.rule_id,
            }),
          ),
        )
      } else
        refused.push(finish(result(send, { status: 'skipped', refusedBy: verdict.rule_id, detail: verdict.summary })))
    })
    admitted.forEach((send, i) => {
      const message = messages[i]
      if (message && !('failure' in message)) {
        message.notAfter = send.window_end
        ready.push({ send, message })
      } else
        refused.push(
          finish(
            result(send, {
              status: 'failed',
              refusedBy: 'render',
              detail: message?.failure ?? 'The message could not be built.',
            }),
          ),
        )
    })
    naps.wakeReady()
  }

  async function feed(): Promise<void> {
    while (!signal.aborted) {
      try {
        if (Date.now() - settingsAt > lookEveryMs) {
          const [settings, routes] = await Promise.all([readChannels(ctx.pool), ctx.channels.routes(kind)])
          slots = settings[kind].slots ?? ctx.config.slots
          const share = 1 / (await countDispatchers(ctx))
          router.setRate(shareOf(settings[kind].rate_per_minute, share))
          router.use(
            routes.map((r) => ({ ...r, ratePerMinute: shareOf(r.ratePerMinute, share) })),
            slots,
          )
          settingsAt = Date.now()
        }
        // Claim well ahead, so that no slot waits for it; not while there is enough to do, nor while the providers are away.
        const enough = ready.length >= slots * 5 || router.isClosed()
        const claimed = enough ? -1 : await refill()
        foundNothing = claimed === 0 && held.size === 0
        if (claimed === 0) await naps.sleep(lookEveryMs)
        else if (claimed < 0) await naps.sleep(10)
      } catch (err) {
        if (!isAway(err)) ctx.log.error({ err: err as Error, channel: kind }, 'claiming failed, trying again')
        await naps.sleep(lookEveryMs)
      }
    }
  }

  // One message at a time; the result of one and the start of the next share a commit.
  async function slot(index: number): Promise<void> {
    let done: ResultItem | null = null
    for (;;) {
      const job = !signal.aborted && index < slots ? ready.shift() : undefined
      let ticket = job ? router.tryTake(job.send.id) : null
      // Who has to wait does not keep a result waiting.
      if (!ticket) {
        if (done) await finish(done)
        done = null
      }
      if (!job) {
        if (signal.aborted) return
        await naps.sleep(index < slots ? lookEveryMs : 5 * lookEveryMs, true)
        continue
      }
      ticket ??= await router.take(job.send.id, signal)
      if (!ticket) {
        await finish(result(job.send, { status: 'pending' }))
        continue
      }
      const saved: Promise<void> | null = done ? finish(done) : null
      done = null
      try {
        const [verdict]: [StartVerdict, void | null] = await Promise.all([
          commit.start({
            sendId: job.send.id,
            batchId: job.send.batch_id,
            channel: kind,
            addressHash: job.send.address_hash,
            provider: ticket.channel.name,
            messageId: job.message.messageId,
          }),
          saved,
        ])
        done = verdict === 'go' ? await attempt(ticket, job) : afterStop(job.send, verdict)
        if (verdict !== 'go') ticket.giveBack()
        if (verdict === 'lost') letGo(job.send.batch_id)
      } catch (err) {
        ticket.giveBack()
        await saved
        // Nothing of it has left, whether or not the attempt was committed.
        ctx.log.error({ err: err as Error, send: job.send.id }, 'an attempt could not be begun')
        done = result(job.send, {
          status: 'pending',
          outcome: 'deferred',
          code: 'database',
          detail: 'the attempt could not be begun',
        })
      }
    }
  }

  return {
    wake: naps.wake,
    batches: () => [...held].flatMap(([id, batch]) => (batch.isAbandoned ? [] : [id])),
    isIdle: () => foundNothing && held.size === 0,
    async run() {
      signal.addEventListener('abort', naps.wake, { once: true })
      const settings = await readChannels(ctx.pool).catch(() => null)
      slots = settings?.[kind].slots ?? ctx.config.slots
      const most = Math.max(slots, ctx.config.slots, 50)
      await Promise.all([feed(), ...Array.from({ length: most }, (_, i) => slot(i))])
      await Promise.all(ready.splice(0).map(({ send }) => finish(result(send, { status: 'pending' }))))
      await commit.idle()
    },
  }
}
