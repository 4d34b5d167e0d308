import type { SmtpConfig } from '#core/delivery/providers/email.ts'
import { openProvider, readProviders } from '../channel-providers.ts'
import type { Ctx } from '../context.ts'
import { takeApart } from './bounces.ts'
import { noteHeard, storeItems } from './hooks/inbox.ts'

/**
 * Reads the bounce mailboxes of all mail servers that have one. A report is marked read once its events are stored; one
 * that proves nothing is flagged for a person, answers of machines are only marked read. Returns how many were read.
 */
export async function readBounceMailboxes(ctx: Ctx, signal: AbortSignal): Promise<number> {
  const providers = (await readProviders(ctx.pool)).filter((p) => p.kind === 'smtp' && !p.removed_at)
  let total = 0
  for (const provider of providers) {
    const config = openProvider(ctx.config, provider) as SmtpConfig
    const { imap_host: host, imap_port: port, imap_user: user, imap_password: password } = config
    if (!host || !user || !password) continue
    // One worker at a time: two would read the same messages.
    const client = await ctx.direct.connect()
    try {
      const { rows } = await client.query<{ ok: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 13)) as ok',
        [provider.id],
      )
      if (!rows[0]?.ok) continue
      try {
        total += await ctx.mailboxes.readUnread(
          { host, port, user, password, allowPrivate: ctx.config.privateAddresses.has('mail') },
          async (raw, receivedAt) => {
            const { items, isProven, kind } = takeApart(ctx.config, raw, receivedAt)
            await storeItems(ctx, provider, items)
            return isProven || kind === 'auto_reply' ? 'read' : 'flag'
          },
          signal,
        )
      } catch (error) {
        noteHeard(ctx, provider, (error as Error).message)
        ctx.log.warn({ err: error as Error, provider: provider.key }, 'a bounce mailbox could not be read')
      } finally {
        await client.query('select pg_advisory_unlock(hashtextextended($1, 13))', [provider.id]).catch(() => undefined)
      }
    } finally {
      client.release()
    }
  }
  return total
}
