import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { informedPolicy, learnBeliefs, oracle, priceGrid, type Believe, type Prices } from '#sim/market/informed.ts'
import { cuped } from '#core/experiments/cuped.ts'
import { welch } from '#core/experiments/stats.ts'
import { draw } from '#sim/market/chance.ts'
import { Ledger } from '#sim/market/ledger.ts'
import { Market } from '#sim/market/market.ts'
import {
  blastPolicy, heuristicEngine, isHeld, modelEngine, plannerPolicy, randomPolicy, rfmPolicy, staticPolicy, type Policy,
} from '#sim/market/policies.ts' // prettier-ignore
import { createPopulation } from '#sim/market/population.ts'
import { holdoutShare, Shop } from '#sim/market/shop.ts'
import { loadWorld, type World } from '#sim/market/world.ts'

export interface PolicyResult {
  policy: string
  marginCents: number
  revenueCents: number
  sends: number
  leaves: number
  forecastCents: number | null
  /** margin that last touch claims: a week after a message was opened (a text: arrived), and after a click */
  openedCents: number
  clickedCents: number
}
export interface SeedResult {
  seed: number
  results: PolicyResult[]
  lift: Lift
  seconds: number
}
/** Per customer: what decides the holdout estimate, and the truth. */
export interface Lift {
  /** share of draws of the holdout whose 95 % interval holds the truth, and the estimate of the holdout that was run */
  coverage: number
  draws: number
  estimateCents: number
  lowCents: number
  highCents: number
  truthCents: number
}

/** The market after its burn-in, with what the shop has learned from it. */
function burnIn(world: World, seed: number, customers: number) {
  const market = new Market(world, createPopulation(world, seed, customers))
  const shop = new Shop(market)
  const ledger = new Ledger(market)
  const policy = randomPolicy(market, shop, world.weeks.contacted, true)
  while (market.week < world.weeks.burn_in) {
    ledger.close()
    market.run(policy.plan())
  }
  market.isCounted = true
  return { market, shop, ledger }
}

function runPolicy(from: Market, policyOf: (market: Market) => Policy): { market: Market; policy: Policy } {
  const market = from.fork()
  market.isCounted = true
  const policy = policyOf(market)
  while (market.week < market.people.weeks) market.run(policy.plan())
  return { market, policy }
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

/** The price pair with the best result on a part of the customers. */
function bestPrices(from: Market, shop: Shop, believe: Believe, tune: number): Prices {
  const small = smaller(from, tune)
  let best = { prices: priceGrid[0]!, margin: -Infinity }
  for (const prices of priceGrid) {
    const { market } = runPolicy(small, (m) => informedPolicy(m, new Shop(m, shop), believe, prices))
    const margin = sum(market.totals.marginCents.subarray(0, tune))
    if (margin > best.margin) best = { prices, margin }
  }
  return best.prices
}
/** The market of the first customers alone. */
function smaller(from: Market, n: number): Market {
  return new Market(from.world, { ...from.people, size: n }, from)
}

export function runSeed(file: string, seed: number, customers: number, options: { withModel: boolean }): SeedResult {
  const started = performance.now()
  const world = loadWorld(file)
  const { market, shop, ledger } = burnIn(world, seed, customers)
  const others = [1, 2].map((n) => {
    const other = burnIn(world, seed + 1000 * n, Math.min(customers, 10_000))
    return { market: other.market, shop: other.shop }
  })
  const believe = learnBeliefs(others)
  const tune = Math.max(1, Math.min(customers, 5000))
  const shopOf = (m: Market): Shop => new Shop(m, shop)
  const offerOf = (kind: string, value: number | null): number => {
    const same = world.offers.findIndex((o) => o.kind === kind && (value === null || o.value === value))
    return same >= 0 ? same : Math.max(0, world.offers.findIndex((o) => o.kind === kind)) // prettier-ignore
  }
  const informed = bestPrices(market, shop, believe, tune)
  const knowing = bestPrices(market, shop, oracle, tune)
  const planner =
    (engine: typeof heuristicEngine) =>
    (m: Market): Policy =>
      plannerPolicy(m, shopOf(m), new Ledger(m, ledger), engine)
  const policies: [string, (m: Market) => Policy][] = [
    ['no contact', () => ({ plan: () => [] })],
    ['random', (m) => randomPolicy(m, shopOf(m), world.weeks.contacted, false)],
    ['blast content', (m) => blastPolicy(m, offerOf('content', null))],
    ['blast 10 % off', (m) => blastPolicy(m, offerOf('percent_off', 10))],
    ['RFM rules', (m) => rfmPolicy(m, shopOf(m))],
    ['static rule', (m) => staticPolicy(m, shopOf(m))],
    ['optimiser', planner(heuristicEngine)],
    ...(options.withModel ? [['LLM engine', planner(modelEngine)] as [string, (m: Market) => Policy]] : []),
    ['informed ceiling', (m) => informedPolicy(m, shopOf(m), believe, informed)],
    ['oracle', (m) => informedPolicy(m, shopOf(m), oracle, knowing)],
  ]
  const runs = policies.map(([name, policyOf]) => ({ name, ...runPolicy(market, policyOf) }))
  const of = (name: string): Market => runs.find((r) => r.name === name)!.market
  return {
    seed,
    results: runs.map(({ name, market: m, policy }) => ({
      policy: name,
      marginCents: sum(m.totals.marginCents),
      revenueCents: sum(m.totals.revenueCents),
      sends: m.totals.sends,
      leaves: m.totals.leaves,
      forecastCents: policy.forecastCents ?? null,
      openedCents: m.totals.openedCents,
      clickedCents: m.totals.clickedCents,
    })),
    lift: liftOf(of('optimiser'), of('no contact')),
    seconds: (performance.now() - started) / 1000,
  }
}

/**
 * The holdout's estimate beside the truth. Both outcomes of every customer are known, so the lot can be drawn many times: how
 * often does the product's own interval (core/experiments: CUPED, Welch) hold the truth?
 */
function liftOf(treated: Market, none: Market): Lift {
  const n = treated.people.size
  const before = none.totals.beforeCents
  const held = Uint8Array.from({ length: n }, (_, i) => Number(isHeld(treated, i)))
  let truth = 0
  let contacted = 0
  for (let i = 0; i < n; i++)
    if (!held[i]) {
      truth += treated.totals.marginCents[i]! - none.totals.marginCents[i]!
      contacted++
    }
  truth /= contacted
  const estimate = (isHeldOut: (i: number) => boolean) => {
    const arms = [0, 1].map(() => ({ n: 0, y: 0, yy: 0, x: 0, xx: 0, xy: 0 }))
    for (let i = 0; i < n; i++) {
      // Those of the real holdout have no other outcome than the untreated one: they are nobody's treated customers.
      if (held[i] && !isHeldOut(i)) continue
      const out = isHeldOut(i)
      const arm = arms[Number(!out)]!
      const y = (out ? none : treated).totals.marginCents[i]!
      const x = before[i]!
      arm.n++
      arm.y += y
      arm.yy += y * y
      arm.x += x
      arm.xx += x * x
      arm.xy += x * y
    }
    const adjusted = cuped(arms).arms
    return welch(adjusted[0]!, adjusted[1]!)
  }
  const own = estimate((i) => held[i] === 1)
  const draws = 100
  let covered = 0
  for (let d = 1; d <= draws; d++) {
    const drawn = estimate((i) => held[i] === 0 && draw(treated.people.seed, i, d, 99) < holdoutShare)
    if (drawn && drawn.low <= truth && truth <= drawn.high) covered++
  }
  return {
    coverage: covered / draws,
    draws,
    estimateCents: own?.mid ?? 0,
    lowCents: own?.low ?? 0,
    highCents: own?.high ?? 0,
    truthCents: truth,
  }
}

if (!isMainThread && parentPort) {
  const { file, customers, withModel } = workerData as { file: string; customers: number; withModel: boolean }
  parentPort.on('message', (seed: number) => {
    parentPort!.postMessage(runSeed(file, seed, customers, { withModel }))
  })
}
