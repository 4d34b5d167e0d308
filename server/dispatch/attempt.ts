import { settle } from '#core/dispatch/settle.ts'
import { TemplateError } from '#core/delivery/template.ts'
import type { ChannelKind, OutgoingMessage } from '#core/delivery/message.ts'
import type { Ctx } from '../context.ts'
import { noticeProviderAway } from '../notices.ts'
import type { Outcome } from '../ports/channel.ts'
import type { ClaimedSend } from './claim.ts'
import type { ResultItem } from './ledger.ts'
import type { Ticket } from './router.ts'
import type { StartVerdict } from './turn.ts'

/** A message that is built and may leave. */
export interface Ready {
  send: ClaimedSend
  message: OutgoingMessage
}

/** What becomes of a message of one channel: handed over, or stopped at the last look. */
export interface Attempts {
  result(send: ClaimedSend, over: Partial<ResultItem> & Pick<ResultItem, 'status'>): ResultItem
  /** null: it is no longer ours to write about */
  afterStop(send: ClaimedSend, verdict: Exclude<StartVerdict, 'go'>): ResultItem | null
  /** hands it to the provider of the ticket, once; never throws */
  attempt(ticket: Ticket, ready: Ready): Promise<ResultItem>
}

const patienceMs = 120_000

/** Signals that end an attempt after two minutes. One serves a whole second: a timer for each message would outlive it. */
function createPatience(): () => AbortSignal {
  let signal = AbortSignal.timeout(patienceMs)
  let madeAt = Date.now()
  return () => {
    if (Date.now() - madeAt > 1_000) {
      signal = AbortSignal.timeout(patienceMs)
      madeAt = Date.now()
    }
    return signal
  }
}

export function createAttempts(ctx: Ctx, kind: ChannelKind): Attempts {
  const patience = createPatience()

  function result(send: ClaimedSend, over: Partial<ResultItem> & Pick<ResultItem, 'status'>): ResultItem {
    return {
      sendId: send.id,
      batchId: send.batch_id,
      outcome: null,
      code: null,
      detail: null,
      provider: null,
      providerMessageId: null,
      refusedBy: null,
      dueAt: null,
      windowEnd: null,
      retryCount: send.retry_count,
      segment: send.segment,
      at: ctx.clock(),
      deadAddress: null,
      ...over,
    }
  }

  function afterStop(send: ClaimedSend, verdict: Exclude<StartVerdict, 'go'>): ResultItem | null {
    if (verdict === 'lost') return null
    if (verdict === 'cancelled')
      return result(send, {
        status: 'cancelled',
        refusedBy: 'campaign-cancelled',
        detail: 'The campaign was cancelled.',
      })
    if (verdict === 'paused' || verdict === 'window') return result(send, { status: 'pending' })
    return result(send, {
      status: 'skipped',
      refusedBy: verdict === 'person-consent' ? `person-consent-${kind}` : verdict,
      detail: 'The customer said no, or was removed, after this message was planned.',
    })
  }

  async function attempt(ticket: Ticket, { send, message }: Ready): Promise<ResultItem> {
    const { channel } = ticket
    let outcome: Outcome
    const span = ctx.tracer.begin(`deliver ${kind}`, {
      kind: 'client',
      attributes: { provider: channel.name, 'send.id': send.id },
    })
    const began = performance.now()
    try {
      // A stopping worker finishes what is in flight.
      outcome = await span.within(() => channel.send(message, patience()))
    } catch (error) {
      // A message that cannot be built breaks before its first byte leaves; of anything else nobody knows.
      outcome =
        error instanceof TemplateError
          ? { kind: 'rejected', code: 'render', detail: error.message }
          : { kind: 'unknown', detail: `the channel broke: ${(error as Error).message}` }
      span.fail(error)
    }
    span.set({ outcome: outcome.kind })
    span.end()
    ctx.metrics.attempt(
      { channel: kind, provider: channel.name, outcome: outcome.kind },
      (performance.now() - began) / 1000,
    )
    const { hasOther, wentAway } = ticket.close(outcome)
    if (wentAway) {
      ctx.log.warn({ channel: kind, provider: channel.name }, 'the provider is away')
      void noticeProviderAway(ctx, channel.name)
    }
    const next = settle(
      outcome,
      { retryCount: send.retry_count, resendUnknown: send.resend_unknown, hasOther },
      ctx.clock(),
      Math.random(),
    )
    return result(send, {
      status: next.status,
      outcome: outcome.kind,
      code: 'code' in outcome ? outcome.code : null,
      detail: next.error,
      provider: channel.name,
      providerMessageId: outcome.kind === 'accepted' ? outcome.providerMessageId : null,
      dueAt: next.dueAt,
      retryCount: next.retryCount,
      deadAddress: next.suppress ? { channel: kind, address: send.recipient, customerId: send.customer_id } : null,
    })
  }

  return { result, afterStop, attempt }
}
