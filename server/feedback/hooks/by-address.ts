import type { ClientBase } from 'pg'
import type { Report } from '#core/feedback/reports/report.ts'
import type { Ctx } from '../../context.ts'
import { closeAddresses, type Closing } from '../../opt-out.ts'

/**
 * Closes addresses that a proven report names without naming one of our messages: they bounced for good, complained, or
 * unsubscribed at the provider. Opens and the rest say nothing without a message.
 */
export async function closeByAddress(
  ctx: Ctx,
  tx: ClientBase,
  strangers: readonly { report: Report; at: Date }[],
): Promise<void> {
  const closings = strangers.flatMap(({ report, at }): Omit<Closing, 'customerId'>[] => {
    const reason = reasonOf(report)
    if (!reason || !report.recipient) return []
    const channel = report.recipient.includes('@') ? 'email' : 'sms'
    return [{ channel, address: report.recipient, sendId: null, reason, at }]
  })
  if (closings.length === 0) return
  const { rows } = await tx.query<{ id: string; email: string | null; phone: string | null }>(
    `select c.id, lower(c.email::text) as email, c.phone from customers as c where c.deleted_at is null and (c.email = any($1::citext[]) or c.phone = any($2))`,
    [
      closings.filter((c) => c.channel === 'email').map((c) => c.address),
      closings.filter((c) => c.channel === 'sms').map((c) => c.address),
    ],
  )
  await closeAddresses(
    tx,
    ctx.config,
    closings.flatMap((c): Closing[] => {
      const owners = rows.filter((r) =>
        c.channel === 'email' ? r.email === c.address.toLowerCase() : r.phone === c.address,
      )
      return owners.length > 0 ? owners.map((o) => ({ ...c, customerId: o.id })) : [{ ...c, customerId: null }]
    }),
    { source: 'provider_report' },
  )
}

function reasonOf(report: Report): Closing['reason'] | null {
  if (report.kind === 'complained') return 'complaint'
  if (report.kind === 'unsubscribed') return 'unsubscribe'
  if (report.kind !== 'bounced') return null
  return report.closes ?? (report.hardness === 'hard' ? 'hard_bounce' : null)
}
