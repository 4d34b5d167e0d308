/** Where a send can be. */
export const sendStates = [
  'pending',
  'claimed',
  'sent',
  'delivered',
  'failed',
  'bounced',
  'skipped',
  'cancelled',
  'unknown',
] as const
export type SendState = (typeof sendStates)[number]

/** Nothing happens to these any more, except what the provider may still report. */
export const terminalStates: readonly SendState[] = ['delivered', 'failed', 'bounced', 'skipped', 'cancelled']

/**
 * Allowed moves. `claimed -> pending` is a released lease or a retry; `claimed -> delivered|bounced` is a provider
 * whose report overtakes our own commit; `failed|unknown -> ...` is the provider's truth arriving late.
 */
const moves: Record<SendState, readonly SendState[]> = {
  pending: ['claimed', 'sent', 'delivered', 'bounced', 'failed', 'skipped', 'cancelled', 'unknown'],
  claimed: ['pending', 'sent', 'delivered', 'bounced', 'failed', 'skipped', 'cancelled', 'unknown'],
  unknown: ['sent', 'delivered', 'bounced', 'failed'],
  failed: ['sent', 'delivered', 'bounced'],
  sent: ['delivered', 'bounced'],
  // a bounce message may come hours after "delivered"
  delivered: ['bounced'],
  bounced: [],
  skipped: [],
  cancelled: [],
}

/** May a send move from one state to the other? Staying is not a move. */
export function canMove(from: SendState, to: SendState): boolean {
  return moves[from].includes(to)
}

/** The states from which a send may come into this one: the guard of the SQL statement. */
export function sourcesOf(to: SendState): SendState[] {
  return sendStates.filter((from) => canMove(from, to))
}

export type DeliveryFact = 'accepted' | 'deferred' | 'delivered' | 'bounced' | 'complained'

/** The state a report asserts; null: it asserts none. Who complains has got the message. */
export function stateOf(fact: DeliveryFact): SendState | null {
  switch (fact) {
    case 'accepted':
      return 'sent'
    case 'delivered':
    case 'complained':
      return 'delivered'
    case 'bounced':
      return 'bounced'
    case 'deferred':
      return null
  }
}

/** State after one report. Reports come twice and in any order; the result does not depend on it. */
export function applyFact(state: SendState, fact: DeliveryFact): SendState {
  const next = stateOf(fact)
  return next !== null && canMove(state, next) ? next : state
}
