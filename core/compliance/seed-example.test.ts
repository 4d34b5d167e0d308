import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { LimitSettings } from '#contract/settings.ts'
import { docsBlock, seedExample } from '#test/seed-example.ts'
import { explainStates } from './explain.ts'
import { defaultPolicy } from './policy.ts'
import { requiredTexts } from './required-text.ts'

const policy = defaultPolicy()
const limits = LimitSettings.parse({})
const { asWritten, priced, window } = seedExample
const states = explainStates(asWritten, policy, limits, window)
const of = (state: string) => states.find((s) => s.state === state)!
const withPrices = (state: string) => explainStates(priced, policy, limits, window).find((s) => s.state === state)!
const rules = (state: string) => of(state).verdicts.map((v) => v.rule_id)
const texts = (state: string) => of(state).sms.map((o) => (o.window ? `${o.window.start}-${o.window.end}` : 'none'))

test('“Buy 2 get 10 % off” is read as a saving on several, without a coupon', () => {
  expect(asWritten).toMatchObject({
    kind: 'multi_buy',
    value: 10,
    min_quantity: 2,
    redeemable_as_coupon: false,
    code: null,
  })
})

test('every state has an opinion on the seed’s offer, each with rule and source', () => {
  expect(states).toHaveLength(51)
  for (const s of states) {
    // California and Nebraska have rules of their own, and none speaks of a saving on several.
    expect(s.verdicts.length > 0 || ['CA', 'NE'].includes(s.state), s.state).toBe(true)
    for (const v of s.verdicts) expect(v.source.length, `${s.state} ${v.rule_id}`).toBeGreaterThan(2)
  }
})

test('Utah forbids it, Texas would call it a coupon, New York has nothing against it', () => {
  expect(of('UT').outcome).toBe('deny')
  expect(rules('UT')).toContain('us-ut-discount-prohibited')
  expect(of('TX').verdicts.find((v) => v.rule_id === 'us-tx-coupon-prohibited')).toMatchObject({ outcome: 'warn' })
  expect(of('NY').outcome).toBe('allow')
  expect(of('PA').verdicts.find((v) => v.rule_id === 'us-pa-multi-unit-discount-allowed')?.outcome).toBe('allow')
  // Nothing found is not allowed.
  expect(rules('CO')).toContain('us-state-unknown')
  expect(requiredTexts(of('WA').verdicts)).toEqual(['the licensed trade name'])
})

test('where the law counts cost, it is a question until cost and price are known, and then an answer', () => {
  for (const state of ['IL', 'MA', 'CT', 'NJ', 'WA']) {
    expect(of(state).outcome, state).not.toBe('allow')
    expect(of(state).verdicts.some((v) => v.rule_id.endsWith('below-cost-prohibited') && v.outcome === 'warn')).toBe(
      true,
    )
    expect(withPrices(state).verdicts.some((v) => v.rule_id.endsWith('below-cost-prohibited'))).toBe(false)
  }
  // $22.50 leaves 12.5 %: too little for beer in Ohio and wine in Tennessee.
  expect(withPrices('OH').verdicts.find((v) => v.rule_id === 'us-oh-min-markup-pct')?.outcome).toBe('deny')
  expect(
    withPrices('TN')
      .verdicts.filter((v) => v.outcome === 'deny')
      .map((v) => v.rule_id),
  ).toEqual(['us-tn-min-markup-pct-wine'])
})

test('of 18:00 to 22:00 texts get what the recipient’s state leaves: nothing in Rhode Island, no Sunday in Alabama', () => {
  expect(texts('RI')).toEqual(['none', 'none', 'none', 'none'])
  expect(texts('AL')).toEqual(['18:00-20:00', '18:00-20:00', 'none', 'none'])
  expect(texts('MS')).toEqual(['18:00-20:00', '18:00-20:00', 'none', '18:00-20:00'])
  expect(texts('NY')).toEqual(['18:00-20:00', '18:00-20:00', '18:00-20:00', '18:00-20:00'])
  // Nowhere does a text leave after 20:00, nor an email after the shop's own 21:00.
  for (const s of states) {
    expect(
      s.sms.every((o) => !o.window || o.window.end <= '20:00'),
      s.state,
    ).toBe(true)
    expect(
      s.email.every((o) => o.window?.end === '21:00'),
      s.state,
    ).toBe(true)
  }
})

test('docs/compliance.md shows exactly this table (npm run docs:compliance writes it)', () => {
  const docs = readFileSync(path.resolve(import.meta.dirname, '../../docs/compliance.md'), 'utf8')
  expect(docs.includes(docsBlock()), 'run npm run docs:compliance').toBe(true)
})
