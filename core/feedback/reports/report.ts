/** What a provider reports about a message, in our words. */
export interface Report {
  type: 'report'
  kind: 'accepted' | 'deferred' | 'delivered' | 'bounced' | 'complained' | 'opened' | 'clicked' | 'unsubscribed'
  /** bounced only. hard: the address does not exist; soft: full, blocked, policy */
  hardness: 'hard' | 'soft'
  /** our own id, as it travelled with the message; null: it did not, or is none of ours */
  sendId: string | null
  recipient: string | null
  /** the provider's id of the event, where the key of its post is another */
  eventId?: string | null
  at: Date
  code: string | null
  detail: string | null
  /** opened and clicked: what the provider says; undefined: it says nothing */
  machine?: boolean | undefined
  userAgent?: string | null
  /** the provider keeps the address closed for this reason, so we must, too */
  closes?: 'unsubscribe' | 'complaint' | null
}

/** What a customer texted. */
export interface Reply {
  type: 'reply'
  from: string
  body: string
  at: Date
  /** the keyword as the provider understood it, when it handles keywords itself */
  keyword: 'stop' | 'start' | 'help' | null
}

/** Takes one stored event of a provider apart; null: it means nothing to us. Never throws for its shape. */
export type ReportReader = (event: unknown) => Report | Reply | null

type Facts = Partial<Omit<Report, 'type' | 'kind'>> & Pick<Report, 'kind' | 'at'>

export function report(facts: Facts): Report {
  return { hardness: 'soft', sendId: null, recipient: null, code: null, detail: null, ...facts, type: 'report' }
}

/** A value inside unknown JSON by its path; undefined when it is not there. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let here = value
  for (const name of path) {
    if (typeof here !== 'object' || here === null) return undefined
    here = (here as Record<string | number, unknown>)[name]
  }
  return here
}

/** Text of at most 500 characters, or null. */
export function text(value: unknown): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const clean = String(value)
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f]+/g, ' ')
    .trim()
  return clean === '' ? null : clean.slice(0, 500)
}

/** Our send id, if it looks like one. */
export function idOf(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(value)
    ? value.toLowerCase()
    : null
}

/** An instant from seconds since 1970 or from text; the given one when it is neither. */
export function instant(value: unknown, otherwise: Date): Date {
  const ms = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? Date.parse(value) : Number.NaN
  // A clock that is wrong by years would put the event into a partition that does not exist.
  return Number.isFinite(ms) && ms > 1_577_836_800_000 && ms < 4_102_444_800_000 ? new Date(ms) : otherwise
}
