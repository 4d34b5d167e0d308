import { runBacktest, type Backtest } from './backtest.ts'
import { plainFormula, trainChurn, type ChurnGround, type ChurnModel } from './churn-model.ts'
import { churnHorizonWeeks } from './churn.ts'
import { fingerprintOf } from './fingerprint.ts'
import { fitSpendModel, type SpendModel, type SpendRow } from './gamma-gamma.ts'
import { historyOf } from './facts.ts'
import { collapse, fitPurchaseModel, fitRegularity, shopPrior, type Histories } from './purchase-fit.ts'
import type { PurchaseModel } from './purchase-model.ts'
import type { ResponseBase } from './response.ts'
import type { RfmCuts } from './rfm.ts'
import { fitGaps, type GapModel, type GapTotals } from './rhythm.ts'
import { snapshotAt, type Ledger } from './snapshot.ts'
import type { TasteBase } from './taste.ts'

/** What was learned from the whole shop, as of one instant; stored as JSON with each model version. */
export interface ShopModel extends ChurnGround {
  purchases: PurchaseModel
  /** in whole units of the currency, not cents */
  spend: SpendModel
  gaps: GapModel
  meanCents: number
  churn: ChurnModel
  horizonWeeks: number
  /** orders that come over those the model expects: of the next quarter, and of the next year */
  trend: number
  yearTrend: number
  /** null: a shop so small that it is measured on fixed thresholds */
  cuts: RfmCuts | null
  base: TasteBase
  responses: ResponseBase
  /** 0..1 */
  marginShare: number
  currency: string
  averageThresholdCents: number
}

/** What the shop's history says before anything is fitted. */
export interface ShopFacts {
  asOfDay: number
  /** of all customers */
  histories: Histories
  spenders: Iterable<SpendRow>
  gapTotals: GapTotals
  meanCents: number
  cuts: RfmCuts | null
  /** of all customers, or of a sample of them in very large shops: for looking back */
  ledger: Ledger
  base: TasteBase
  responses: ResponseBase
  marginShare: number
  currency: string
  averageThresholdCents: number
}

/** How the model came about: shown on the model card. */
export interface ShopFit {
  log_likelihood: number
  converged: boolean
  customers: number
  spenders: number
  /** log-likelihood of each regularity that was tried, k = 1 first */
  regularity: number[]
  trained_on: number
  folds: { daysBack: number; weeks: number }[]
}

/** Changes whenever the same orders would give other scores. */
const scoringVersion = 'scoring 2'

export function learnShop(facts: ShopFacts): {
  model: ShopModel
  version: string
  fit: ShopFit
  backtest: Backtest | null
} {
  const { ledger, asOfDay } = facts
  const sample = historiesOf(ledger, asOfDay)
  const regularity = fitRegularity(sample, { prior: shopPrior })
  const { k } = regularity.best
  const purchases = fitPurchaseModel('mbg', facts.histories, k, { prior: shopPrior, start: regularity.best })
  const spend = fitSpendModel(facts.spenders, true)
  const gaps = fitGaps(facts.gapTotals)
  const horizonWeeks = churnHorizonWeeks(gaps.medianDays)
  const backtest = runBacktest(ledger, asOfDay, k)
  const training = trainChurn(ledger, asOfDay, horizonWeeks, k, regularity.best)
  const churn: ChurnModel = training && backtest ? training[backtest.chosen] : (training?.formula ?? plainFormula)
  const trend = training?.trend ?? 1
  const model: ShopModel = {
    purchases: { variant: 'mbg', k, r: purchases.r, alpha: purchases.alpha, a: purchases.a, b: purchases.b },
    spend: { p: spend.p, q: spend.q, v: spend.v },
    gaps,
    meanCents: facts.meanCents,
    churn,
    horizonWeeks,
    trend,
    yearTrend: yearlyTrend(trend, training?.folds ?? []),
    cuts: facts.cuts,
    base: facts.base,
    responses: facts.responses,
    marginShare: facts.marginShare,
    currency: facts.currency,
    averageThresholdCents: facts.averageThresholdCents,
  }
  const print = fingerprintOf(scoringVersion + JSON.stringify(model)).slice(0, 8)
  return {
    model,
    version: `mbg/cnbd-${k} ${new Date(asOfDay * 86_400_000).toISOString().slice(0, 10)} ${print}`,
    fit: {
      log_likelihood: purchases.logLikelihood,
      converged: purchases.converged && spend.converged,
      customers: purchases.customers,
      spenders: spend.customers,
      regularity: regularity.all.map((fit) => fit.logLikelihood),
      trained_on: training?.customers ?? 0,
      folds: training?.folds ?? [],
    },
    backtest,
  }
}

function historiesOf(ledger: Ledger, asOfDay: number): Histories {
  let logs = 0
  const rows = []
  for (let i = 0; i + 1 < ledger.from.length; i++) {
    const timing = snapshotAt(ledger, i, asOfDay)
    if (!timing) continue
    logs += timing.gapLogSum - timing.gaps * Math.log(7)
    rows.push(historyOf(timing))
  }
  return collapse(rows, logs)
}

/** A quarter's trend says less about a year, and may be its season: it counts for the part of a year that was watched. */
function yearlyTrend(trend: number, folds: readonly { daysBack: number }[]): number {
  const watched = Math.max(0, ...folds.map((fold) => fold.daysBack)) / 365
  return 1 + (trend - 1) * Math.min(1, watched)
}
