import fc from 'fast-check'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { describe, expect, test } from 'vitest'
import { judge, runBacktest, type Candidate } from './backtest.ts'
import { looksBack } from './churn-model.ts'
import { calibrate, calibrated } from './isotonic.ts'
import { fitLogistic, sigmoid } from './logistic.ts'
import { auc, brier, calibrationBins, topDecileShare } from './metrics.ts'
import { ledgerOf } from './snapshot.ts'

const candidate = (method: Candidate['method'], more: Partial<Candidate> = {}): Candidate => ({
  method,
  auc: 0.75,
  brier: 0.16,
  log_loss: 0.5,
  accuracy: 0.78,
  ...more,
})

describe('what may be used', () => {
  const hiatus = candidate('hiatus', { auc: 0.7 })
  const judged = (supervised: Partial<Candidate>, formula: Partial<Candidate>, recency = 0.74, bias = 0.05) =>
    judge([candidate('supervised', supervised), candidate('formula', formula), hiatus], recency, bias)
  test('the supervised model has to earn its place', () => {
    expect(judged({ brier: 0.15 }, {})).toEqual({ chosen: 'supervised', verdict: 'supervised_earned_it' })
    expect(judged({ brier: 0.1599 }, {})).toEqual({ chosen: 'formula', verdict: 'formula_is_as_good' })
    expect(judged({ brier: 0.15, auc: 0.74 }, {}).chosen).toBe('formula')
  })
  test('who loses to recency by more than .01 is not used', () => {
    expect(judged({}, { auc: 0.745 }, 0.76)).toEqual({ chosen: 'hiatus', verdict: 'loses_to_recency' })
    expect(judged({}, { auc: 0.751 }, 0.76).chosen).toBe('formula')
  })
  test('who is wrong about the number of orders by more than 20 % is not used', () => {
    expect(judged({ brier: 0.15 }, {}, 0.74, -0.21)).toEqual({ chosen: 'hiatus', verdict: 'biased' })
    expect(judged({ brier: 0.15 }, {}, 0.74, 0.19).chosen).toBe('supervised')
  })
})

/** A shop in which people buy at their own pace and leave; `after` changes the pace from a day on. */
function shopOf(people: number, days: number, paceFrom: (day: number) => number, seed = 17) {
  const generator = xoroshiro128plus(seed)
  const chance = (): number => uniformFloat64(generator)
  return ledgerOf(
    Array.from({ length: people }, () => {
      const gap = 8 + 50 * chance() ** 2
      const leaves = 0.15 * chance()
      const list: number[] = []
      for (let day = Math.floor(chance() * days * 0.8); day < days;) {
        list.push(day)
        if (chance() < leaves) break
        day += Math.max(1, Math.round((-Math.log(1 - chance()) * gap) / paceFrom(day)))
      }
      return { days: list, cents: list.map(() => 3000) }
    }).filter((c) => c.days.length > 0),
  )
}

test('a shop that goes on as before is tested on its last thirteen weeks, and its model is used', () => {
  const exam = runBacktest(
    shopOf(3000, 700, () => 1),
    699,
    1,
  )!
  expect(exam).toMatchObject({ weeks: 13, known_until: 699 - 91, tested_until: 699 })
  expect(exam.chosen).not.toBe('hiatus')
  expect(Math.abs(exam.bias)).toBeLessThan(0.2)
  expect(exam.bins).toHaveLength(10)
  for (const bin of exam.bins) expect(Math.abs(bin.predicted - bin.actual)).toBeLessThan(0.12)
  expect(exam.candidates.map((c) => c.method)).toEqual(['supervised', 'formula', 'hiatus'])
  expect(exam.auc_error).toBeGreaterThan(0.003)
  expect(exam.auc_error).toBeLessThan(0.01)
})

test('the errors that a test names are those that other customers of the same shop would show', () => {
  const exams = Array.from({ length: 24 }, (_, i) =>
    runBacktest(
      shopOf(800, 420, () => 1, 1000 + i),
      419,
      1,
    )!,
  )
  const spreadOf = (of: (exam: (typeof exams)[number]) => number): number => {
    const mean = exams.reduce((sum, exam) => sum + of(exam), 0) / exams.length
    return Math.sqrt(exams.reduce((sum, exam) => sum + (of(exam) - mean) ** 2, 0) / (exams.length - 1))
  }
  const named = (of: (exam: (typeof exams)[number]) => number): number =>
    exams.reduce((sum, exam) => sum + of(exam), 0) / exams.length
  const ofChosen = (exam: (typeof exams)[number]): number => exam.candidates.find((c) => c.method === exam.chosen)!.auc
  expect(spreadOf(ofChosen) / named((e) => e.auc_error)).toBeGreaterThan(0.6)
  expect(spreadOf(ofChosen) / named((e) => e.auc_error)).toBeLessThan(1.5)
  expect(spreadOf((e) => e.bias_before_trend) / named((e) => e.bias_error)).toBeGreaterThan(0.5)
  expect(spreadOf((e) => e.bias_before_trend) / named((e) => e.bias_error)).toBeLessThan(2)
})

test('a shop whose customers suddenly buy twice as often is told so, and falls back', () => {
  const exam = runBacktest(
    shopOf(3000, 700, (day) => (day > 600 ? 2.5 : 1)),
    699,
    1,
  )!
  expect(exam.bias).toBeLessThan(-0.2)
  expect(exam).toMatchObject({ chosen: 'hiatus', verdict: 'biased' })
})

test('a shop too young or too small is not tested at all', () => {
  expect(
    runBacktest(
      shopOf(500, 60, () => 1),
      59,
      1,
    ),
  ).toBeNull()
  expect(
    runBacktest(
      shopOf(12, 700, () => 1),
      699,
      1,
    ),
  ).toBeNull()
  expect(runBacktest(ledgerOf([]), 699, 1)).toBeNull()
})

test('looks back lie behind each other where there is time, and never need more future than past', () => {
  expect(looksBack(8, 100).map((look) => look.daysBack)).toEqual([56, 112, 168, 224])
  for (const look of looksBack(39, 39)) expect(look.daysBack).toBeLessThanOrEqual((39 * 7) / 2 + 0.5)
  expect(looksBack(8, 6)).toEqual([])
})

test('a calibration rises, keeps who was likelier likelier, and brings shares to what happened', () => {
  const generator = xoroshiro128plus(3)
  const chances = Array.from({ length: 4000 }, () => uniformFloat64(generator))
  // what is said to be p comes true with p squared
  const came = chances.map((p) => uniformFloat64(generator) < p * p)
  const map = calibrate(chances, came)!
  for (let i = 1; i < map.actual.length; i++) expect(map.actual[i]!).toBeGreaterThan(map.actual[i - 1]!)
  expect(
    brier(
      chances.map((p) => calibrated(map, p)),
      came,
    ),
  ).toBeLessThan(brier(chances, came))
  expect(calibrated(map, 0.5)).toBeCloseTo(0.25, 1)
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (a, b) => {
      const [x, y] = [calibrated(map, Math.min(a, b)), calibrated(map, Math.max(a, b))]
      expect(x <= y && x >= 0 && y <= 1).toBe(true)
    }),
  )
  expect(calibrate([0.2, 0.4], [true, false])).toBeNull()
})

test('the regression finds what made the data, and stays at its prior without any', () => {
  const generator = xoroshiro128plus(9)
  const n = 20_000
  const rows = new Float64Array(n * 3)
  const came = Array.from({ length: n }, (_, i) => {
    rows.set([1, uniformFloat64(generator) * 4 - 2, uniformFloat64(generator) * 4 - 2], i * 3)
    return uniformFloat64(generator) < sigmoid(-0.5 + 1.2 * rows[i * 3 + 1]! - 0.8 * rows[i * 3 + 2]!)
  })
  const fit = fitLogistic(rows, came, [0, 1, 0], 1)
  expect(fit.converged).toBe(true)
  for (const [i, truth] of [-0.5, 1.2, -0.8].entries())
    expect(Math.abs(fit.coefficients[i]! - truth)).toBeLessThan(0.08)
  expect(fitLogistic(new Float64Array(0), [], [0, 1, 0], 1).coefficients).toEqual([0, 1, 0])
  // everybody came: no certainty, no NaN
  const sure = fitLogistic(Float64Array.from([1, 3, 0, 1, 2, 0]), [true, true], [0, 1, 0], 10)
  expect(sure.coefficients.every(Number.isFinite)).toBe(true)
})

test('metrics say what they say', () => {
  expect(auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75)
  expect(auc([1, 1, 1, 1], [0, 1, 0, 1])).toBe(0.5)
  expect(topDecileShare([9, 1, 1, 1, 1, 1, 1, 1, 1, 1], [5, 1, 1, 1, 1, 1, 0, 0, 0, 0])).toBe(0.5)
  expect(calibrationBins([0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1], 2)).toMatchObject([{ actual: 0 }, { actual: 1 }])
})
