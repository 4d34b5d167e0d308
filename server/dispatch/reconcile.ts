import { withTx } from '#db/pool.ts'
import type { ChannelKind } from '#core/delivery/message.ts'
import { reopenCampaign } from '../campaign-state.ts'
import type { Ctx } from '../context.ts'
import { loadPartitions } from '../partitions.ts'
import type { Fate } from '../ports/channel.ts'
import { reportResults, writeResults, type ResultItem } from './ledger.ts'

export interface LookedFor {
  send_id: string
  channel: ChannelKind
  /** the provider the attempt named: nobody else can know */
  provider: string
  recipient: string
  started_at: Date
  message_id: string | null
}

/** Asks each provider about its own messages; fates by send id. Who cannot be asked, or does not answer, knows nothing. */
export async function lookUp(ctx: Ctx, attempts: readonly LookedFor[]): Promise<Map<string, Fate>> {
  const fates = new Map<string, Fate>()
  const groups = Map.groupBy(attempts, (a) => `${a.channel} ${a.provider}`)
  await Promise.all(
    [...groups.values()].map(async (group) => {
      const { channel: kind, provider } = group[0]!
      try {
        const channel = await ctx.channels.find(kind, provider)
        const found = await channel?.lookUp?.(
          group.flatMap((a) =>
            a.message_id
              ? [{ sendId: a.send_id, messageId: a.message_id, recipient: a.recipient, at: a.started_at }]
              : [],
          ),
        )
        for (const [id, fate] of found ?? []) fates.set(id, fate)
      } catch (error) {
        ctx.log.warn({ err: error as Error, provider }, 'a provider could not be asked for messages')
      }
    }),
  )
  return fates
}

interface Unknown extends LookedFor {
  batch_id: string
  retry_count: number
  campaign_id: string | null
  segment: string | null
}

const atOnce = 200

/**
 * Asks the providers about messages whose answer was lost, for an hour after the attempt. What a provider has, was sent;
 * what it certainly does not have, waits again; the rest stays unknown until a report comes or a person decides.
 * Returns how many were settled.
 */
export async function reconcileUnknown(ctx: Ctx): Promise<number> {
  const { rows } = await ctx.pool.query<Unknown>(
    `select s.id as send_id, s.channel, s.recipient, s.retry_count, s.campaign_id, segment_of(s) as segment, a.provider, a.started_at, a.message_id, a.batch_id
     from campaigns as c join sends as s on s.campaign_id = c.id and s.status = 'unknown'
     join lateral (select x.* from delivery_attempts as x where x.send_id = s.id order by x.attempt desc limit 1) as a on a.outcome = 'unknown'
     where c.status in ('active', 'paused', 'completed') and c.end_date >= $1::date - 2
       and a.started_at > now() - interval '1 hour' and a.started_at < now() - interval '10 seconds'
     order by random() limit ${atOnce}`,
    [ctx.clock()],
  )
  if (rows.length === 0) return 0
  const fates = await lookUp(ctx, rows)
  const now = ctx.clock()
  const sent = rows.flatMap((u): ResultItem[] => {
    const fate = fates.get(u.send_id)
    if (fate !== 'accepted' && fate !== 'delivered') return []
    return [
      {
        sendId: u.send_id,
        batchId: u.batch_id,
        status: fate === 'delivered' ? 'delivered' : 'sent',
        outcome: 'accepted',
        code: null,
        detail: null,
        provider: u.provider,
        providerMessageId: null,
        refusedBy: null,
        dueAt: null,
        windowEnd: null,
        retryCount: u.retry_count,
        segment: u.segment,
        at: u.started_at,
        deadAddress: null,
      },
    ]
  })
  const absent = rows.filter((u) => fates.get(u.send_id) === 'absent')
  await loadPartitions(ctx.pool)
  await withTx(ctx.pool, async (tx) => {
    await reportResults(tx, ctx.config, sent, await writeResults(tx, sent))
    if (absent.length === 0) return
    const ids = absent.map((u) => u.send_id)
    const { rows: moved } = await tx.query<{ campaign_id: string | null }>(
      `with closed as (
         update delivery_attempts as a set outcome = 'deferred', code = 'provider.absent', detail = 'the provider never got it'
         where a.send_id = any($1::uuid[]) and a.outcome = 'unknown'
       )
       update sends as s set status = 'pending', batch_id = null, due_at = $2, error_message = 'The provider never got it; it is sent again.', updated_at = now()
       where s.id = any($1::uuid[]) and s.status = 'unknown' returning s.campaign_id`,
      [ids, now],
    )
    for (const id of new Set(moved.flatMap((m) => m.campaign_id ?? []))) await reopenCampaign(tx, id, now)
  })
  if (sent.length + absent.length > 0)
    ctx.log.info({ sent: sent.length, absent: absent.length }, 'messages of unknown fate were settled')
  return sent.length + absent.length
}
