import { checkPlan } from '#core/planning/check.ts'
import { planHeuristically } from '#core/planning/heuristic.ts'
import { minutesOf, daysBetween } from '#core/calendar.ts'
import { hear, startTalk } from '#core/planning/llm/talk.ts'
import type { PlannerFacts } from '#core/planning/facts.ts'
import { allGroups } from '#core/planning/groups.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { playbooks } from '#core/scoring/playbooks.ts'
import { rfmSegments } from '#core/scoring/rfm.ts'
import { dataOf, goodPlan } from '../llm/data.ts'
import { draw, purpose } from './chance.ts'
import type { Ledger } from './ledger.ts'
import type { Market, Outcome, Planned } from './market.ts'
import { dayMinutes } from './population.ts'
import { campaignHoldout, holdoutShare, type Shop } from './shop.ts'

/** Says on each Monday what is sent in the week. */
export interface Policy {
  plan(): Planned[]
  /** margin its plans so far said they would add, in cents; null: it makes no forecast */
  forecastCents?: number
}

const groups = allGroups.length
const noon = (day: number, hour = 12): number => day * dayMinutes + hour * 60

/** May be written to on this channel. */
function isOpen(market: Market, i: number, channel: 'email' | 'sms'): boolean {
  return (market.books.open[i]! & (channel === 'email' ? 1 : 2)) > 0
}

/** A share of everybody by lot, any offer, channel and time of day: how a shop finds out what works. */
export function randomPolicy(market: Market, shop: Shop, share: number, isLogged: boolean): Policy {
  const { world, people } = market
  return {
    plan() {
      shop.observe()
      const out: Planned[] = []
      for (let i = 0; i < people.size; i++) {
        if (shop.cell[i]! < 0) continue
        const day = market.week * 7
        const arm = draw(people.seed, i, day, purpose.arm)
        const isSms =
          isOpen(market, i, 'sms') && (!isOpen(market, i, 'email') || draw(people.seed, i, day, purpose.arm + 50) < 0.4)
        const channel = isSms ? 'sms' : 'email'
        if (!isOpen(market, i, channel)) continue
        const isSent = draw(people.seed, i, day, purpose.policy) < share
        if (!isSent && !isLogged) continue
        const at = draw(people.seed, i, day, purpose.hour)
        const weekday = Math.floor(at * 7)
        const isEvening = !isSms && draw(people.seed, i, day, purpose.hour + 50) < 0.5
        const minute = noon(weekday, isEvening ? 18 : 10) + Math.floor(draw(people.seed, i, day, purpose.hour + 60) * (isEvening ? 179 : 420)) // prettier-ignore
        const offer = Math.floor(arm * world.offers.length)
        out.push({ customer: i, offer, channel, minute, outcome: isSent ? 'sent' : 'held', cell: shop.cell[i]! })
      }
      return out
    },
  }
}

/** The same offer to everybody by email, every week. */
export function blastPolicy(market: Market, offer: number): Policy {
  return {
    plan: () => everybody(market, () => offer),
  }
}

function everybody(market: Market, offerOf: (i: number) => number | null): Planned[] {
  const out: Planned[] = []
  for (let i = 0; i < market.people.size; i++) {
    if (market.books.orders[i] === 0 || !isOpen(market, i, 'email')) continue
    const offer = offerOf(i)
    if (offer !== null) out.push({ customer: i, offer, channel: 'email', minute: noon(3), outcome: 'sent', cell: 0 })
  }
  return out
}

/** The playbooks by the letter: each RFM segment its first offer that the shop has, discounts included, weekly. */
export function rfmPolicy(market: Market, shop: Shop): Policy {
  const discountLed: Partial<Record<(typeof rfmSegments)[number], string[]>> = {
    One_Time_Buyers: ['percent_off'],
    Low_Value_Frequent: ['multi_buy'],
    Promising: ['percent_off'],
    Needs_Attention: ['percent_off'],
    Hibernating: ['percent_off'],
    Lost: ['percent_off'],
  }
  const { offers } = market.world
  const deepest = (kind: string): number => {
    const list = offers.map((o, i) => ({ o, i })).filter(({ o }) => o.kind === kind).toSorted((a, b) => b.o.depth - a.o.depth) // prettier-ignore
    return list[0]?.i ?? -1
  }
  const chosen = rfmSegments.map((key) => {
    const wanted = [...(discountLed[key] ?? []), ...playbooks[key].offers]
    return wanted.map(deepest).find((i) => i >= 0) ?? 0
  })
  return {
    plan() {
      shop.observe()
      return everybody(market, (i) => chosen[Math.floor(shop.cell[i]! / groups)]!)
    },
  }
}

/**
 * What a good marketer writes down once and never looks at again: the deepest reduction to win back who stopped coming, news
 * for all others but those who have just bought, by text where it is allowed, else by email in the evening; weekly.
 */
export function staticPolicy(market: Market, shop: Shop): Policy {
  const { offers } = market.world
  const deepest = offers.map((o, i) => ({ o, i })).filter(({ o }) => o.kind === 'percent_off').toSorted((a, b) => b.o.depth - a.o.depth)[0] // prettier-ignore
  const news = Math.max(0, offers.findIndex((o) => o.kind === 'content')) // prettier-ignore
  return {
    plan() {
      shop.observe()
      const out: Planned[] = []
      for (let i = 0; i < market.people.size; i++) {
        if (shop.cell[i]! < 0 || shop.due[i]! < 0.25) continue
        const channel = isOpen(market, i, 'sms') ? 'sms' : 'email'
        if (!isOpen(market, i, channel)) continue
        const offer = shop.due[i]! >= 5 && deepest ? deepest.i : news
        const minute = channel === 'sms' ? noon(1) : noon(1, 19)
        out.push({ customer: i, offer, channel, minute, outcome: 'sent', cell: shop.cell[i]! })
      }
      return out
    },
  }
}

/** A weekly plan of the product, through its checker, carried out with a permanent holdout. */
export function plannerPolicy(
  market: Market,
  shop: Shop,
  ledger: Ledger,
  engine: (facts: PlannerFacts) => PlanEntry[],
): Policy & { forecastCents: number } {
  const { people, world } = market
  const offerIndex = new Map(world.offers.map((o, i) => [o.key, i]))
  const policy = {
    forecastCents: 0,
    plan(): Planned[] {
      shop.observe()
      ledger.close()
      const facts = shop.facts(ledger.rows())
      const checked = checkPlan(engine(facts), facts).entries
      const bySegment = rfmSegments.map((key) =>
        checked
          .filter((e) => e.segment === key)
          .map((e) => ({ e, day: daysBetween(market.monday, e.day), from: minutesOf(e.window.start), to: minutesOf(e.window.end), audience: e.audience ? new Set(e.audience) : null, offer: offerIndex.get(e.offer.key)! }))
          .toSorted((a, b) => a.day - b.day || b.e.score - a.e.score),
      ) // prettier-ignore
      const out: Planned[] = []
      for (let i = 0; i < people.size; i++) {
        const cell = shop.cell[i]!
        if (cell < 0) continue
        const group = allGroups[cell % groups]!
        let taken = -1
        for (const { e, day, from, to, audience, offer } of bySegment[Math.floor(cell / groups)]!) {
          if (day === taken || (audience && !audience.has(group)) || !isOpen(market, i, e.channel)) continue
          taken = day
          const spread = draw(people.seed, i, market.week * 7 + day, purpose.hour)
          const minute = day * dayMinutes + from + Math.floor(spread * (to - from - 1))
          out.push({ customer: i, offer, channel: e.channel, minute, outcome: heldOut(market, i), cell })
        }
      }
      const reached = (1 - holdoutShare) * (1 - campaignHoldout)
      policy.forecastCents += checked.reduce((sum, e) => sum + e.forecast.margin_cents.mid, 0) * reached
      return out
    },
  }
  return policy
}

/** Held out of everything for the whole run, by lot. */
export function isHeld(market: Market, i: number): boolean {
  return draw(market.people.seed, i, 0, purpose.latent) < holdoutShare
}
/** A lot of the week's own besides: what one message adds is read from these. */
function heldOut(market: Market, i: number): Outcome {
  if (isHeld(market, i)) return 'held_always'
  return draw(market.people.seed, i, market.week, purpose.latent + 1) < campaignHoldout ? 'held' : 'sent'
}

export const heuristicEngine = (facts: PlannerFacts): PlanEntry[] => planHeuristically(facts).entries

/** The language model's engine with a scripted model (sim/llm): it sees the prompt's data block and answers in JSON. */
export function modelEngine(facts: PlannerFacts): PlanEntry[] {
  let talk = startTalk(facts)
  for (;;) {
    const data = dataOf(talk.messages)
    const step = hear(talk, JSON.stringify({ entries: data ? goodPlan(data) : [] }))
    if ('done' in step) return step.done.entries
    talk = step.ask
  }
}
