/** What happens at the recipient of a message. */
export type Happening =
  | 'delivered'
  | 'deferred'
  | 'bounced'
  | 'soft_bounced'
  | 'complained'
  | 'opened'
  | 'machine_opened'
  | 'clicked'
  | 'unsubscribed'

/** Shares 0..1 among delivered messages, and of bounces among all. */
export interface Habits {
  bounce: number
  softBounce: number
  defer: number
  open: number
  machineOpen: number
  click: number
  complain: number
  unsubscribe: number
}

export const usualHabits: Habits = {
  bounce: 0.01,
  softBounce: 0.01,
  defer: 0.03,
  open: 0.25,
  machineOpen: 0.3,
  click: 0.04,
  complain: 0.0005,
  unsubscribe: 0.003,
}

const byName: Record<string, Happening[]> = {
  bounce: ['bounced'],
  soft: ['soft_bounced'],
  defer: ['deferred', 'delivered'],
  complain: ['delivered', 'opened', 'complained'],
  open: ['delivered', 'opened'],
  machine: ['delivered', 'machine_opened'],
  click: ['delivered', 'opened', 'clicked'],
  unsubscribe: ['delivered', 'opened', 'unsubscribed'],
  late: ['delivered', 'bounced'],
  silent: [],
}

/**
 * What this recipient does, in order. An address that begins with bounce+, soft+, defer+, complain+, open+, machine+,
 * click+, unsubscribe+, late+ (bounces after delivery) or silent+ does exactly that; others by habit and chance.
 */
export function happenings(address: string, habits: Habits | null, random: () => number): Happening[] {
  const told = byName[/^([a-z]+)[+.-]/i.exec(address)?.[1]?.toLowerCase() ?? '']
  if (told) return told
  if (!habits) return ['delivered']
  const hits = (share: number): boolean => random() < share
  if (hits(habits.bounce)) return ['bounced']
  if (hits(habits.softBounce)) return ['soft_bounced']
  const out: Happening[] = [...(hits(habits.defer) ? (['deferred'] as const) : []), 'delivered']
  if (hits(habits.machineOpen)) out.push('machine_opened')
  const opens = hits(habits.open)
  if (opens) out.push('opened')
  if (opens && hits(habits.click / Math.max(habits.open, 0.001))) out.push('clicked')
  if (opens && hits(habits.unsubscribe)) out.push('unsubscribed')
  if (opens && hits(habits.complain)) out.push('complained')
  return out
}
