/** How often a message may be put off by the provider before we give it up. */
export const maxRetries = 5
const firstDelayMs = 2_000
const longestDelayMs = 30 * 60_000

export type AttemptOutcome =
  | { kind: 'accepted'; providerMessageId: string | null; isDelivered?: boolean }
  | { kind: 'rejected'; code: string; detail: string; suppress?: boolean }
  | {
      kind: 'deferred'
      code: string
      detail: string
      retryAfterMs?: number
      unreachable?: boolean
      throttled?: boolean
    }
  | { kind: 'unknown'; detail: string }

/** What becomes of a send after an attempt. */
export interface Settlement {
  status: 'sent' | 'delivered' | 'failed' | 'pending' | 'unknown'
  /** for pending: not before this instant */
  dueAt: Date | null
  retryCount: number
  error: string | null
  /** the address is dead */
  suppress: boolean
}

/**
 * The rule of the ledger: accepted is final, a refusal is final, a delay is tried again with full jitter, and what
 * nobody knows is not repeated unless the campaign asks for it. `chance` is 0..1.
 */
export function settle(
  outcome: AttemptOutcome,
  send: {
    retryCount: number
    resendUnknown: boolean
    /** another provider of the channel has not been tried and takes it at once */
    hasOther?: boolean
  },
  now: Date,
  chance: number,
): Settlement {
  const base = { dueAt: null, retryCount: send.retryCount, error: null, suppress: false }
  switch (outcome.kind) {
    case 'accepted':
      return { ...base, status: outcome.isDelivered ? 'delivered' : 'sent' }
    case 'rejected':
      return { ...base, status: 'failed', error: outcome.detail, suppress: outcome.suppress ?? false }
    case 'unknown':
      if (!send.resendUnknown || send.retryCount >= maxRetries)
        return { ...base, status: 'unknown', error: outcome.detail }
      return {
        ...base,
        status: 'pending',
        retryCount: send.retryCount + 1,
        dueAt: later(now, retryDelayMs(send.retryCount, chance)),
        error: outcome.detail,
      }
    case 'deferred': {
      if (send.hasOther) return { ...base, status: 'pending', dueAt: now, error: outcome.detail }
      // A provider that is away or wants us slower is no fault of the message and uses up none of its chances.
      const isOurs = outcome.unreachable === true || outcome.throttled === true
      const retryCount = send.retryCount + (isOurs ? 0 : 1)
      if (retryCount > maxRetries)
        return { ...base, status: 'failed', error: `Given up after ${maxRetries + 1} tries: ${outcome.detail}` }
      const delay = outcome.retryAfterMs ?? retryDelayMs(isOurs ? 0 : send.retryCount, chance)
      return { ...base, status: 'pending', retryCount, dueAt: later(now, delay), error: outcome.detail }
    }
  }
}

/** Full jitter: anywhere between nothing and a bound that doubles with each try. */
export function retryDelayMs(retries: number, chance: number): number {
  return Math.round(chance * Math.min(longestDelayMs, firstDelayMs * 2 ** retries))
}

function later(now: Date, ms: number): Date {
  return new Date(now.getTime() + ms)
}
