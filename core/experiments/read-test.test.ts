import { expect, test } from 'vitest'
import { planTest } from './plan-test.ts'
import { readTest, type ArmData } from './read-test.ts'

const options = { metric: 'orders', minEffect: 0.2, weeks: 1, currency: 'USD' } as const
const arm = (key: string, n: number, hits: number, more: Partial<ArmData> = {}): ArmData => ({
  key,
  label: `Version ${key}`,
  weight: 1,
  drawn: n,
  left: 0,
  data: { n, y: hits, yy: hits, x: 0, xx: 0, xy: 0 },
  ...more,
})

test('a clear winner is named with how sure we are', () => {
  const r = readTest([arm('A', 8000, 400), arm('B', 8000, 560)], options)
  expect(r.outcome).toBe('winner')
  expect(r.winner).toBe('B')
  expect(r.verdict).toMatchInlineSnapshot(
    `"“Version B” is better: 7% bought, against 5% with “Version A” (+40%). You can be 95% sure that it is between +17.2% and +62.8%."`,
  )
})
test('too few customers: says so, and for how long to go on', () => {
  const r = readTest([arm('A', 150, 6), arm('B', 150, 9)], options)
  expect(r.outcome).toBe('too_small')
  expect(r.verdict).toMatch(/^Too small to tell: about \d+ more weeks like this\. “Version B” stands at \+50%/)
  expect(r.weeks_needed).toBeGreaterThan(10)
  expect(readTest([arm('A', 150, 0), arm('B', 150, 0)], options).verdict).toBe('Too small to tell: nobody bought yet.')
})
test('arms of the wrong size hide every figure', () => {
  const r = readTest([arm('A', 5000, 200), arm('B', 4500, 400)], options)
  expect(r).toMatchObject({ outcome: 'broken', winner: null, arms: [] })
  expect(r.verdict).not.toMatch(/%/)
  expect(r.srm_p).toBeLessThan(0.001)
})
test('the first version wins when all others are worse; three arms share the error', () => {
  const r = readTest([arm('A', 6000, 600), arm('B', 6000, 420), arm('C', 6000, 400)], options)
  expect(r).toMatchObject({ outcome: 'winner', winner: 'A' })
  const two = readTest([arm('A', 3000, 300), arm('B', 3000, 378)], options)
  const three = readTest([arm('A', 3000, 300), arm('B', 3000, 378), arm('C', 3000, 310)], options)
  expect(three.arms[1]!.p_value!).toBeGreaterThan(two.arms[1]!.p_value!)
})
test('no difference that matters is a result too', () => {
  const r = readTest([arm('A', 60_000, 6000), arm('B', 60_000, 6030)], options)
  expect(r.outcome).toBe('no_difference')
})
test('a winner that drives customers away has a guard against it', () => {
  const r = readTest([arm('A', 8000, 400, { left: 8 }), arm('B', 8000, 560, { left: 60 })], options)
  expect(r.guard).toMatch(/unsubscribed or complained after “Version B” \(0\.75%\)/)
})
test('what customers did before makes the interval narrower', () => {
  const paired = (key: string, shift: number): ArmData => {
    const data = { n: 0, y: 0, yy: 0, x: 0, xx: 0, xy: 0 }
    for (let i = 0; i < 1000; i++) {
      const x = (i * 7919) % 1000
      const y = x + ((i * 104_729) % 400) + shift
      data.n++
      data.x += x
      data.xx += x * x
      data.y += y
      data.yy += y * y
      data.xy += x * y
    }
    return { ...arm(key, 1000, 0), data }
  }
  const r = readTest([paired('A', 0), paired('B', 60)], { ...options, metric: 'revenue' })
  const blind = readTest(
    [paired('A', 0), paired('B', 60)].map((a) => ({ ...a, data: { ...a.data, x: 0, xx: 0, xy: 0 } })),
    { ...options, metric: 'revenue' },
  )
  expect(r.cuped_reduction_pct).toBeGreaterThan(80)
  const width = (t: typeof r) => t.arms[1]!.lift_pct!.high - t.arms[1]!.lift_pct!.low
  expect(width(r)).toBeLessThan(width(blind) / 2)
})
test('the planner says how long before anything is sent, as the result will be read', () => {
  const small = planTest({ mean: 0.02, standardDeviation: 0.14, arms: 2, effect: 0.2, perWeek: 800 })
  expect(small.weeks).toBeGreaterThan(40)
  expect(small.sentence).toMatch(/Each version needs about [\d,]+ customers to show 20%: about \d+ weeks/)
  const big = planTest({ mean: 0.1, standardDeviation: 0.3, arms: 2, effect: 0.5, perWeek: 20_000 })
  expect(big.weeks).toBe(1)
  // Reading on any day and more arms cost customers.
  expect(big.per_arm!).toBeGreaterThan(683)
  expect(
    planTest({ mean: 0.1, standardDeviation: 0.3, arms: 4, effect: 0.5, perWeek: 20_000 }).per_arm!,
  ).toBeGreaterThan(big.per_arm!)
  expect(planTest({ mean: 0, standardDeviation: 0, arms: 2, effect: 0.2, perWeek: 9 }).per_arm).toBeNull()
})
