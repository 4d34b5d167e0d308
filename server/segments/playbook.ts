import type { Playbook, PlaybookCheck } from '#contract/segments.ts'
import { localDate, weekStart } from '#core/calendar.ts'
import { offerKinds } from '#core/planning/offer.ts'
import { Window } from '#core/planning/plan.ts'
import { checkPlaybook, offerNames } from '#core/planning/playbook.ts'
import type { Ctx } from '../context.ts'
import { InputError } from '../http/errors.ts'
import { findOffers, offerOf } from '../offers.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import { loadStores } from '../stores.ts'
import type { SegmentRow } from './queries.ts'

const usualWindow: Window = { start: '10:00', end: '20:00' }

/** The playbook fields of a segment, whatever form older versions stored them in. */
export function playbookOf(segment: Pick<SegmentRow, keyof Playbook>): Playbook {
  return {
    recommended_offers: offerNames(segment.recommended_offers),
    tone: segment.tone,
    messaging_strategy: segment.messaging_strategy,
    optimal_channels: segment.optimal_channels.filter((c): c is 'email' | 'sms' => c === 'email' || c === 'sms'),
    optimal_send_window: Window.safeParse(segment.optimal_send_window).data ?? usualWindow,
    cool_down_days: segment.cool_down_days,
  }
}

/** What the law of each state with a store, and the shop's own hours, say about a playbook. Stores nothing. */
export async function judgePlaybook(ctx: Ctx, playbook: Playbook): Promise<PlaybookCheck> {
  const [offers, stores, policy, limits, shop] = await Promise.all([
    findOffers(ctx.pool, { isActive: true }),
    loadStores(ctx.pool),
    readPolicy(ctx.pool),
    readSetting(ctx.pool, 'limits'),
    readSetting(ctx.pool, 'shop'),
  ])
  return checkPlaybook(playbook, {
    offers: offers.map(offerOf),
    stores,
    policy,
    limits,
    currency: shop.currency,
    week: weekStart(localDate(ctx.clock(), shop.time_zone)),
  })
}

interface Fault {
  path: string
  message: string
}

/** What a schema cannot see: offers nobody has, things named twice, a window that ends before it begins. */
export function playbookFaults(playbook: Partial<Playbook>, offerKeys: ReadonlySet<string>): Fault[] {
  const faults: Fault[] = []
  const twice = (path: keyof Playbook, list: readonly string[] | undefined): void =>
    list?.forEach((name, i) => {
      if (list.indexOf(name) < i) faults.push({ path: `${path}.${i}`, message: `${name} stands here twice.` })
    })
  twice('recommended_offers', playbook.recommended_offers)
  twice('optimal_channels', playbook.optimal_channels)
  playbook.recommended_offers?.forEach((name, i) => {
    if (!(offerKinds as readonly string[]).includes(name) && !offerKeys.has(name))
      faults.push({
        path: `recommended_offers.${i}`,
        message: `There is no offer called ${name}. Use the key of an offer, or a kind: ${offerKinds.join(', ')}.`,
      })
  })
  const window = playbook.optimal_send_window
  if (window && window.end <= window.start)
    faults.push({ path: 'optimal_send_window.end', message: 'The window ends before it begins.' })
  return faults
}

export async function findOfferKeys(ctx: Ctx): Promise<Set<string>> {
  const { rows } = await ctx.pool.query<{ key: string }>('select offers.key from offers')
  return new Set(rows.map((r) => r.key))
}

/** Throws InputError. */
export async function refusePlaybookFaults(ctx: Ctx, change: Partial<Playbook>): Promise<void> {
  const faults = playbookFaults(change, change.recommended_offers ? await findOfferKeys(ctx) : new Set())
  if (faults.length > 0) throw new InputError(faults)
}
