import type { z } from 'zod'
import type { CheckReply, compliance } from '#contract/compliance.ts'
import { checkAudience } from '#core/compliance/audience.ts'
import { hoursVerdicts, type ContactLimits } from '#core/compliance/contact-hours.ts'
import { explainHours, explainStates, kindOfDay, windowVerdicts } from '#core/compliance/explain.ts'
import { lintCopy, requiredLine } from '#core/compliance/lint.ts'
import type { Policy } from '#core/compliance/policy.ts'
import { decisive, worst, type Verdict } from '#core/compliance/verdict.ts'
import { candidateZones, stateOfZip } from '#core/compliance/zones.ts'
import { instantOf } from '#core/calendar.ts'
import { describeOffer, type Offer } from '#core/planning/offer.ts'
import { parseOfferText } from '#core/planning/offer-text.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import type { Ctx } from '../context.ts'
import { InputError, notFound } from '../http/errors.ts'
import { completeOffer, findOffers, offerOf, opinionOf } from '../offers.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import { loadStores } from '../stores.ts'

type Question = z.output<typeof compliance.check.body>
type Hours = CheckReply['hours'][number]

/** Answers a question about an offer, a text, a channel and a time, for stores of the shop or any state. Stores nothing. */
export async function checkQuestion(ctx: Ctx, ask: Question): Promise<CheckReply> {
  if (ask.time && !ask.day) throw new InputError([{ path: 'day', message: 'Say which day the time belongs to.' }])
  const [policy, limits, shop, stores] = await Promise.all([
    readPolicy(ctx.pool),
    readSetting(ctx.pool, 'limits'),
    readSetting(ctx.pool, 'shop'),
    placesOf(ctx, ask),
  ])
  const offer = await offerToCheck(ctx, ask)
  const asked = Boolean(ask.offer_id ?? ask.offer ?? ask.offer_text)
  const misread = asked && !offer ? [notUnderstood] : []
  const opinions = offer ? stores.map((store) => opinionOf(offer, store, policy, ask.day ?? null)) : []
  const words = [ask.subject, ask.text].filter(Boolean).join('\n')
  const copy = words ? [...lintCopy(words, policy), ...requiredLine(words, policy)] : []
  const audience = ask.audience_share === undefined ? [] : checkAudience(ask.audience_share, policy)
  const hours = ask.channels.map((channel) => hoursOf(ask, channel, stores[0]!, { policy, limits }))
  const all = [
    ...misread,
    ...opinions.flatMap((o) => o.verdicts),
    ...hours.flatMap((h) => h.verdicts),
    ...copy,
    ...audience,
  ]
  return {
    policy_version: policy.version,
    outcome: worst(all),
    because: decisive(all),
    offer,
    offer_words: offer ? describeOffer(offer, shop.currency) : null,
    stores: opinions,
    states:
      offer && ask.every_state
        ? explainStates(offer, policy, limits, ask.window).map(({ state, outcome, verdicts }) => ({
            state,
            outcome,
            verdicts,
          }))
        : [],
    hours,
    copy: [...misread, ...copy],
    audience,
  }
}

const notUnderstood: Verdict = {
  outcome: 'deny',
  rule_id: 'shop-offer-not-understood',
  summary: 'These words fit no kind of offer we know, so no law can be checked against them.',
  source: 'product rule: offers are typed',
  confidence: 'high',
  cure: 'Write it plainly (“buy 2 get 10% off”, “$5 off $60”), or choose its kind and value.',
}

/** The stored offer of this id, the one described, or the one in words. Throws not_found. */
async function offerToCheck(ctx: Ctx, ask: Question): Promise<Offer | null> {
  if (ask.offer_id) {
    const [row] = await findOffers(ctx.pool, { ids: [ask.offer_id] })
    if (!row) throw notFound('offer', ask.offer_id)
    return offerOf(row)
  }
  if (ask.offer) return completeOffer(ask.offer)
  return ask.offer_text ? parseOfferText(ask.offer_text) : null
}

/** A store somewhere else stands for the state that was asked for; it sells everything. */
async function placesOf(ctx: Ctx, ask: Question): Promise<StoreForGate[]> {
  const stores = await loadStores(ctx.pool)
  if (ask.state) {
    const { zones } = candidateZones({ state: ask.state }, stores[0]!.time_zone)
    return [
      {
        id: 'state',
        name: `A store in ${ask.state}`,
        legal_name: stores[0]!.legal_name,
        licence_number: stores[0]!.licence_number,
        state: ask.state,
        time_zone: zones[0]!,
        sells: ['spirits', 'wine', 'beer', 'other'],
      },
    ]
  }
  const chosen = ask.store_id ? stores.filter((s) => s.id === ask.store_id) : stores
  if (chosen.length === 0) throw notFound('store', ask.store_id)
  return chosen
}

function hoursOf(
  ask: Question,
  channel: 'email' | 'sms',
  store: StoreForGate,
  { policy, limits }: { policy: Policy; limits: ContactLimits },
): Hours {
  const place = candidateZones(
    { state: ask.recipient_state ?? stateOfZip(ask.recipient_zip) ?? store.state, zip: ask.recipient_zip ?? null },
    store.time_zone,
  )
  const state = ask.recipient_state ?? stateOfZip(ask.recipient_zip) ?? store.state
  const facts = { channel, state, zones: place.zones, limits, policy }
  const open = explainHours({ channel, state, limits, policy }, ask.window)
  const verdicts =
    ask.day && ask.time
      ? hoursVerdicts(instantOf(ask.day, ask.time, place.zones[0]!), facts)
      : ask.window
        ? windowVerdicts(ask.day ? open.filter((o) => o.days === kindOfDay(ask.day!)) : open, ask.window, policy)
        : []
  return {
    channel,
    state,
    zones: [...place.zones],
    because: place.because,
    open,
    verdicts,
  }
}
