import { expect, test } from 'vitest'
import {
  chanceOf, forbiddenIn, hostile, offers, personOf, pick, states, upTo, weeks, worldOf, type Chance, type World,
} from '#test/plan-fuzz.ts' // prettier-ignore
import { messageFaults, planFaults } from '#test/plan-oracle.ts'
import { addDays } from '../calendar.ts'
import { createAssigner } from './assign.ts'
import { checkPlan } from './check.ts'
import { planHeuristically } from './heuristic.ts'
import { hear, startTalk, type Talk } from './llm/talk.ts'
import type { Offer } from './offer.ts'
import type { PlanEntry } from './plan.ts'

const runs = 10_000
const people = 6
// Every state alone, so that nothing is lawful next door, and mixtures.
const worlds = [
  ...states.map((s, i) => worldOf(2000 + i, [s])),
  ...Array.from({ length: 26 }, (_, i) => worldOf(1000 + i)),
]
const byRules = new Map<World, PlanEntry[]>()
const rulePlan = (world: World): PlanEntry[] => {
  const known = byRules.get(world) ?? checkPlan(planHeuristically(world.facts).entries, world.facts).entries
  byRules.set(world, known)
  return known
}

interface Tally {
  pending: number
  rules: Set<string>
}

/** Some people each: whatever goes out is lawful to the second opinion, whatever does not names its rule. */
function tryPeople(entries: readonly PlanEntry[], world: World, chance: Chance, tally: Tally): void {
  const { facts } = world
  const now = new Date(Date.parse(`${facts.week_start}T12:00:00Z`) + Math.round((chance() * 4 - 2) * 86_400_000))
  const assign = createAssigner({
    entries,
    policy: facts.policy,
    limits: facts.contact,
    template: { has_footer: true, has_unsubscribe: true },
    now,
  })
  for (let i = 0; i < people; i++) {
    const person = personOf(chance, world)
    const all = assign(person)
    for (const a of all) {
      if (a.outcome === 'pending') {
        tally.pending++
        const faults = messageFaults(a, all, person, facts)
        if (faults.length > 0) expect({ faults, entry: a.entry, person, due: a.due_at }).toBeNull()
      } else if (a.outcome === 'skipped') {
        if (!/^[a-z][a-z0-9-]+$/.test(a.verdict?.rule_id ?? '') || !a.verdict?.source) expect(a.verdict).toBeNull()
        tally.rules.add(a.verdict!.rule_id)
      }
    }
  }
}

const forged: Offer = { ...offers.ten, id: '01900000-0000-7000-8000-00000000ffff', key: 'forged', value: 90 }
const tampered: Offer = { ...offers.deep, unit_cost_cents: 1, regular_price_cents: 100_000 }
const windows = [
  { start: '10:00', end: '20:00' }, { start: '18:00', end: '22:00' }, { start: '22:00', end: '23:59' }, { start: '00:00', end: '24:00' },
  { start: '20:00', end: '10:00' }, { start: '9:00', end: '99:99' }, { start: '21:30', end: '24:00' }, { start: '02:00', end: '05:00' },
] // prettier-ignore

function randomEntry(chance: Chance, { facts }: World, base: PlanEntry, n: number): PlanEntry {
  const day = addDays(facts.week_start, upTo(chance, 12) - 3)
  return {
    ...base,
    id: chance() < 0.05 ? 'same' : `e${n}`,
    day: chance() < 0.03 ? `${day}x` : day,
    segment: chance() < 0.05 ? pick(chance, hostile) : pick(chance, facts.segments).key,
    channel: chance() < 0.01 ? ('fax' as 'sms') : pick(chance, ['email', 'email', 'sms']),
    offer: chance() < 0.06 ? pick(chance, [forged, tampered]) : pick(chance, Object.values(offers)),
    template_id: pick(chance, [null, null, facts.templates[0]!.id, facts.templates[1]!.id, forged.id]),
    window: chance() < 0.5 ? windows[0]! : pick(chance, windows),
    reach: upTo(chance, 5000),
    score: chance() * 1000 - 200,
    locked: chance() < 0.2,
  }
}

test(`${runs} random plans: nothing illegal, over a cap, outside a window, unconsented or under age comes through, and each refusal names its rule`, () => {
  const tally: Tally = { pending: 0, rules: new Set() }
  const dropped = new Set<string>()
  let kept = 0
  for (let run = 0; run < runs; run++) {
    const chance = chanceOf(run)
    const world = worlds[run % worlds.length]!
    const base = rulePlan(world)[0]!
    const entries = Array.from({ length: 1 + upTo(chance, 14) }, (_, n) => randomEntry(chance, world, base, n))
    const checked = checkPlan(entries, world.facts)
    const faults = planFaults(checked.entries, world.facts)
    if (faults.length > 0) expect({ run, faults }).toBeNull()
    kept += checked.entries.length
    const drops = checked.changes.filter((c) => c.what === 'dropped')
    if (checked.entries.length + drops.length !== entries.length) expect({ run, checked }).toBeNull()
    for (const { rule_id } of drops) dropped.add(rule_id ?? 'NO RULE')
    if (checked.refused.some((r) => !r.verdict.source || !r.verdict.cure)) expect(checked.refused).toBeNull()
    tryPeople(checked.entries, world, chance, tally)
  }
  // A test that lets nothing through would prove nothing.
  expect(kept).toBeGreaterThan(runs / 2)
  expect(tally.pending).toBeGreaterThan(2000)
  expect([...dropped]).toEqual(
    expect.arrayContaining([
      'shop-segment-unknown', 'shop-offer-unknown', 'shop-outside-week', 'shop-day-over', 'shop-channels', 'shop-template', 'shop-offer-dates', 'shop-email-window',
      'shop-one-a-day', 'shop-entry-twice', 'cap-week', 'cap-sms-week', 'shop-email-per-day', 'shop-sms-per-day', 'shop-budget', 'us-tx-coupon-prohibited', 'us-ca-free-goods-prohibited', 'us-ut-discount-prohibited',
      'us-ma-coupon-prohibited', 'us-ri-quiet-hours',
    ]),
  ) // prettier-ignore
  expect(dropped.has('NO RULE')).toBe(false)
  expect([...tally.rules]).toEqual(
    expect.arrayContaining([
      'person-no-address', 'person-suppressed', 'person-consent-email', 'person-consent-sms', 'us-legal-age', 'us-age-gate-required', 'person-age-unknown', 'person-place-unknown',
      'cap-week', 'cap-sms-week', 'shop-window-over',
    ]),
  ) // prettier-ignore
}, 300_000)

const maybe = (chance: Chance, share: number, value: unknown, other: unknown): unknown =>
  chance() < share ? value : other
const junk = [
  null,
  42,
  '',
  [],
  {},
  true,
  '\u0000',
  'NaN',
  -1,
  '2026-13-45',
  '99:99',
  { toString: 'x' },
  '__proto__',
] as const

/** One entry of an answer by somebody who wants out: right in most fields, wrong in some. */
function hostileEntry(chance: Chance, { facts }: World): unknown {
  const text = pick(chance, [
    ...hostile,
    'Worth a stop',
    'Save 90% today',
    'FREE for kids',
    'Code HACK99',
    '10% off',
    'Ends Sunday',
    '🍷🍷🍷🍷',
    'A new rye on the shelf',
  ])
  const entry: Record<string, unknown> = {
    segment: maybe(chance, 0.9, `s${1 + upTo(chance, facts.segments.length)}`, pick(chance, [...hostile, 'segment_0'])),
    offer: maybe(chance, 0.85, `o${1 + upTo(chance, facts.offers.length)}`, pick(chance, ['90% off', 'Buy one get one free', 'free beer', '10% off', forged.id, offers.ten.id, ...hostile])),
    channel: maybe(chance, 0.97, pick(chance, ['email', 'sms']), 'carrier pigeon'),
    day: maybe(chance, 0.85, addDays(facts.week_start, upTo(chance, 6)), addDays(pick(chance, weeks), upTo(chance, 400) - 200)),
    start: maybe(chance, 0.7, '10:00', pick(chance, ['00:00', '22:00', '25:00', '18:00', 'noon'])),
    end: maybe(chance, 0.7, '19:00', pick(chance, ['24:00', '23:59', '05:00', '22:00', '24:01'])),
    reason: text,
    copy: maybe(chance, 0.3, null, { subject: text, preheader: text, headline: text, body: text }),
    // What a model claims about worth, law and locks must count for nothing.
    locked: true, score: 1e9, reach: 1, verdicts: [], id: 'mine', template_id: forged.id,
  } // prettier-ignore
  if (chance() < 0.1) entry[pick(chance, Object.keys(entry))] = pick(chance, junk)
  if (chance() < 0.03) delete entry[pick(chance, Object.keys(entry))]
  return chance() < 0.02 ? pick(chance, junk) : entry
}

function hostileAnswer(chance: Chance, world: World): string {
  const entries = Array.from({ length: upTo(chance, chance() < 0.02 ? 300 : 12) }, () => hostileEntry(chance, world))
  if (chance() < 0.1 && entries.length > 0) entries.push(...Array.from({ length: 20 }, () => entries[0]))
  const json = JSON.stringify(
    maybe(
      chance,
      0.95,
      { entries, approve: true, engine: 'manual' },
      pick(chance, [entries, { plan: entries }, 'yes', null, []]),
    ),
  )
  const how = chance()
  if (how < 0.05) return json.slice(0, upTo(chance, json.length))
  if (how < 0.08) return `Sure!\n\`\`\`json\n${json}\n\`\`\` and then ${pick(chance, hostile)}`
  if (how < 0.1) return pick(chance, hostile)
  if (how < 0.11) return ''
  if (how < 0.12) return '{"entries":'.repeat(200)
  return json
}

test(`${runs} adversarial answers of a language model: what comes out is lawful, names its refusals, and is always a plan`, () => {
  const tally: Tally = { pending: 0, rules: new Set() }
  const rules = new Set<string>()
  const talks = new Map<string, Talk>()
  let used = 0
  let fellBack = 0
  let withCopy = 0
  for (let run = 0; run < runs; run++) {
    const chance = chanceOf(500_000 + run)
    const world = worlds[run % worlds.length]!
    const maxRounds = 1 + (run % 3)
    const key = `${run % worlds.length}|${maxRounds}`
    const first = talks.get(key) ?? startTalk(world.facts, { maxRounds })
    talks.set(key, first)
    let step: ReturnType<typeof hear> = { ask: first }
    let rounds = 0
    while ('ask' in step) {
      rounds++
      step = hear(step.ask, hostileAnswer(chance, world))
    }
    const { entries, refused, problems } = step.done
    if (rounds > maxRounds) expect({ run, rounds }).toBeNull()
    for (const p of problems) rules.add(p.rule_id)
    if (refused.some((r) => !r.verdict.rule_id || !r.verdict.source)) expect(refused).toBeNull()
    const plan = entries.length > 0 ? entries : rulePlan(world)
    if (entries.length > 0) used++
    else fellBack++
    withCopy += entries.filter((e) => e.copy).length
    const faults = planFaults(plan, world.facts)
    if (plan.length === 0 || faults.length > 0) expect({ run, faults, plan }).toBeNull()
    if (plan.some((e) => e.locked || e.score >= 1e9 || e.id === 'mine')) expect(plan).toBeNull()
    if (checkPlan(plan, world.facts).changes.length > 0)
      expect({ run, again: checkPlan(plan, world.facts).changes }).toBeNull()
    tryPeople(plan, world, chance, tally)
  }
  expect(used).toBeGreaterThan(runs / 3)
  expect(fellBack).toBeGreaterThan(100)
  expect(withCopy).toBeGreaterThan(500)
  expect(tally.pending).toBeGreaterThan(4000)
  expect([...rules].filter((r) => !/^(llm|shop|cap|us|copy|person)-/.test(r))).toEqual([])
  expect([...rules]).toEqual(
    expect.arrayContaining([
      'llm-malformed', 'llm-offer-unknown', 'llm-segment-unknown', 'llm-no-gain', 'shop-one-a-day', 'cap-week', 'copy-plain', 'copy-claims-figure', 'copy-length',
      'us-nc-supplier-coupon-prohibited', 'us-ri-quiet-hours', 'us-content-lint:free_alcohol',
    ]),
  ) // prettier-ignore
}, 300_000)

test('the second opinion is not blind: it finds what is planted', () => {
  const world = worldOf(1007)
  const [good] = rulePlan(world)
  const wrong = (part: Partial<PlanEntry>): string[] => planFaults([{ ...good!, ...part }], world.facts)
  expect(wrong({})).toEqual([])
  expect(wrong({ day: '2020-01-01' })).not.toEqual([])
  expect(wrong({ offer: forged })).not.toEqual([])
  expect(wrong({ channel: 'email', window: { start: '05:00', end: '23:00' } })).not.toEqual([])
  const state = world.facts.stores[0]!.state
  const illegal = Object.entries(forbiddenIn).find(([, where]) =>
    world.facts.stores.every((s) => where.includes(s.state)),
  )
  if (illegal) expect(wrong({ offer: offers[illegal[0] as keyof typeof offers] }), state).not.toEqual([])
  expect(planFaults([good!, good!], world.facts)).not.toEqual([])
})
