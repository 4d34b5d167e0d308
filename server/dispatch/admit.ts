import { localDate } from '#core/calendar.ts'
import { gate, type GateInput } from '#core/compliance/gate.ts'
import type { Policy } from '#core/compliance/policy.ts'
import { missingTexts } from '#core/compliance/required-text.ts'
import { checkOffer } from '#core/compliance/rules.ts'
import { decisive, type Verdict } from '#core/compliance/verdict.ts'
import type { StoreForGate } from '#core/planning/assign.ts'
import { noOffer, type Offer } from '#core/planning/offer.ts'
import type { LimitSettings } from '#contract/settings.ts'
import type { Ctx } from '../context.ts'
import { readPolicy } from '../policy.ts'
import { readSetting } from '../settings.ts'
import { loadStores } from '../stores.ts'
import { readWishes, sinceLastMessage } from '../wishes.ts'
import { storeOf, type ClaimedSend } from './claim.ts'

interface Rules {
  limits: LimitSettings
  policy: Policy
  stores: Map<string, StoreForGate>
  first: StoreForGate
  readAt: number
}

/** What the gate says about a claimed send: null when it may go, else the verdict that decides. */
export interface Admission {
  check(sends: readonly ClaimedSend[]): Promise<(Verdict | null)[]>
}

const rulesMs = 5_000
/** The same gate that planning asked, asked again at the moment of sending: people change their mind in between. */
export function createAdmission(ctx: Ctx): Admission {
  let rules: Rules | undefined
  /** by offer, store and day; an offer that many messages share is one object (claim.ts) */
  const offers = new Map<Offer, Map<string, readonly Verdict[]>>()

  async function readRules(): Promise<Rules> {
    if (rules && Date.now() - rules.readAt < rulesMs) return rules
    const [limits, policy, stores] = await Promise.all([
      readSetting(ctx.pool, 'limits'),
      readPolicy(ctx.pool),
      loadStores(ctx.pool),
    ])
    offers.clear()
    return (rules = {
      limits,
      policy,
      stores: new Map(stores.map((s) => [s.id, s])),
      first: stores[0]!,
      readAt: Date.now(),
    })
  }

  // The law on an offer is the same for everybody of a store and day: asked once, not a million times.
  function offerVerdicts(offer: Offer, store: StoreForGate, policy: Policy, at: Date): readonly Verdict[] {
    const day = localDate(at, store.time_zone)
    let places = offers.get(offer)
    if (!places) {
      if (offers.size > 500) offers.clear()
      offers.set(offer, (places = new Map()))
    }
    const key = `${store.id}|${day}`
    let known = places.get(key)
    if (!known) places.set(key, (known = checkOffer(offer, store, policy, day)))
    return known
  }

  return {
    async check(sends) {
      const { limits, policy, stores, first } = await readRules()
      const at = ctx.clock()
      const ids = sends.flatMap((s) => s.customer_id ?? [])
      const [suppressed, wishes] = await Promise.all([readSuppressed(ctx, sends), readWishes(ctx.pool, ids)])
      const paced = [...wishes].flatMap(([id, w]) => (w.every_days === null ? [] : [id]))
      const since = await sinceLastMessage(ctx.pool, paced, at)
      return sends.map((send, i) => {
        const store = stores.get(storeOf(send) ?? '') ?? first
        const person = send.person
        const input: GateInput = {
          recipient: {
            birth_date: person?.birth_date ?? null,
            age_status: person?.age_status ?? 'unknown',
            email_consent: person?.email_consent ?? 'denied',
            sms_consent: person?.sms_consent ?? 'denied',
            has_email: send.channel === 'email',
            has_phone: send.channel === 'sms',
            is_suppressed: suppressed[i] ?? false,
            state: person?.state ?? null,
            time_zones: person?.time_zones ?? [],
            wishes: wishes.get(send.customer_id ?? '') ?? null,
          },
          channel: send.channel,
          // A message without an action (a test of the shop, a plain note) offers nothing.
          offer: send.offer ?? noOffer,
          // The footer with address and unsubscribe link is locked; only a shop without a store has no address to show.
          template: { has_footer: store.id !== 'shop', has_unsubscribe: true },
          store,
          policy,
          limits,
          history: {
            week: send.sent_week,
            sms_week: send.sent_sms_week,
            sms_day: send.sent_sms_day,
            nearest_ms: since.get(send.customer_id ?? '') ?? null,
          },
          at,
          offerVerdicts: offerVerdicts(send.offer ?? noOffer, store, policy, at),
        }
        const verdicts = gate(input)
        // A plain note offers nothing and carries the locked footer only.
        const lacking = send.offer ? missingTexts(verdicts, termsOf(send)) : []
        return decisive([...verdicts, ...lacking])
      })
    },
  }
}

function termsOf({ variables }: ClaimedSend): string {
  const offer = variables['offer']
  const terms: unknown = typeof offer === 'object' && offer !== null ? Reflect.get(offer, 'terms') : null
  return typeof terms === 'string' ? terms : ''
}

async function readSuppressed(ctx: Ctx, sends: readonly ClaimedSend[]): Promise<boolean[]> {
  const { rows } = await ctx.pool.query<{ hash: string; channel: string }>({
    name: 'suppressed of these',
    text: `select encode(s.address_hash, 'hex') as hash, s.channel from suppressions as s where s.address_hash = any($1::bytea[])`,
    values: [sends.map((s) => s.address_hash)],
  })
  if (rows.length === 0) return sends.map(() => false)
  const closed = new Set(rows.map((r) => `${r.channel}:${r.hash}`))
  return sends.map(({ channel, address_hash: hash }) =>
    ['all', channel].some((scope) => closed.has(`${scope}:${hash.toString('hex')}`)),
  )
}
