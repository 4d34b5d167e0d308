import { cuped } from '#core/experiments/cuped.ts'
import { holm } from '#core/experiments/corrections.ts'
import { probabilityBest } from '#core/experiments/bandit.ts'
import { minimumDetectable, powerOfRelative } from '#core/experiments/power.ts'
import { armOfShare, compareShares, fisherExact, type Share } from '#core/experiments/proportions.ts'
import { relativeLift } from '#core/experiments/relative.ts'
import { alwaysValid, msprt, sequentialRho2 } from '#core/experiments/sequential.ts'
import { sampleRatio } from '#core/experiments/srm.ts'
import { sampleSizeOfShares, welch, wilson } from '#core/experiments/stats.ts'
import { shapley } from '#core/feedback/attribution-models.ts'

/** A published or reproduced figure of facts/science.md §4.1-4.2 and what we compute; equal to the digits given. */
export interface Vector {
  name: string
  /** as printed: its decimals are the precision asked for */
  expected: string
  actual: number
}

const a = { n: 3407, sum: 1396.87, sumOfSquares: 52377.9767 }
const b = { n: 3461, sum: 2422.7, sumOfSquares: 134698.29 }
const relative = relativeLift(a, b)!
const absolute = welch(a, b)!
const share = relativeLift(armOfShare({ successes: 14, n: 28 }), armOfShare({ successes: 16, n: 30 }))!
const shorter = relativeLift({ ...a, n: 3000 }, b)!
const looked = alwaysValid(shorter.mid, shorter.standardError, 3000 + b.n, 1000)
const planned = { mean: 10, standardDeviation: Math.sqrt(3909.99977), n: 400_000, arms: 3 }
const pair = (x: number, n: number, y: number, m: number): [Share, Share] => [
  { successes: x, n },
  { successes: y, n: m },
]
const classic = pair(100, 1000, 130, 1000)
const test = compareShares(...classic)!
const srm = (counts: number[], weights = counts.map(() => 1)): number => sampleRatio(counts, weights)!.pValue
const worth: Record<string, number> = { '': 0.05, email: 0.1, sms: 0.2, 'email+sms': 0.3 }
const credit = shapley(['email', 'sms'], (set) => worth[set]!)
const ratio1 = msprt(0.01, 1e-5, 1e-4)

export const vectors: Vector[] = [
  v('relative lift', '.70732', relative.mid),
  v('relative se', '.37879', relative.standardError),
  v('relative low', '-.03526', relative.low),
  v('relative high', '1.44989', relative.high),
  v('relative p', '.06191', relative.pValue),
  v('absolute', '.29', absolute.mid),
  v('absolute se', '.12478', absolute.standardError),
  v('absolute low', '.04538', absolute.low),
  v('absolute high', '.53462', absolute.high),
  v('absolute p', '.02016', absolute.pValue),
  v('absolute dof', '5841.74', absolute.degreesOfFreedom),
  v('shares lift', '.06667', share.mid),
  v('shares se', '.27170', share.standardError),
  v('shares low', '-.47767', share.low),
  v('shares high', '.61101', share.high),
  v('shares p', '.80707', share.pValue),
  v('sequential lift', '.50336', looked.mid),
  v('sequential half-width', '1.06180', looked.halfWidth),
  v('sequential p', '1', looked.pValue),
  v('sequential rho', '.0890851', Math.sqrt(sequentialRho2(1000))),
  v('power fixed', '.52144', powerOfRelative(planned, 0.05)),
  v('power sequential', '.20596', powerOfRelative({ ...planned, sequentialTuning: 5000 }, 0.05)),
  v('MDE fixed', '.07027', minimumDetectable(planned)!),
  v('MDE sequential', '.12821', minimumDetectable({ ...planned, sequentialTuning: 5000 })!),
  v('pooled z', '2.10274', test.z),
  v('pooled p', '.0354885', test.pValue),
  v('difference low', '.002068', test.low),
  v('difference high', '.057932', test.high),
  v('chi-square', '4.42152', test.chiSquare),
  v('P(B>A)', '.98216507', probabilityBest(classic)[1]!),
  v('480/10k z', '1.61459', compareShares(...pair(480, 10_000, 530, 10_000))!.z),
  v('480/10k p', '.10640', compareShares(...pair(480, 10_000, 530, 10_000))!.pValue),
  v('0/50 z', '1.75863', compareShares(...pair(0, 50, 3, 50))!.z),
  v('14/28 p', '.79960', compareShares(...pair(14, 28, 16, 30))!.pValue),
  v('Fisher', '1.0', fisherExact(...pair(14, 28, 16, 30))),
  v('Wilson 0/50 low', '0', wilson(0, 50)!.low),
  v('Wilson 0/50 high', '.071348', wilson(0, 50)!.high),
  v('Wilson 5/50 low', '.043476', wilson(5, 50)!.low),
  v('Wilson 5/50 high', '.213602', wilson(5, 50)!.high),
  v('Wilson 52/1247 low', '.031940', wilson(52, 1247)!.low),
  v('Wilson 52/1247 high', '.054275', wilson(52, 1247)!.high),
  v('SRM 5000/5150', '.136520', srm([5000, 5150])),
  v('SRM 1000/1100', '.029096', srm([1000, 1100])),
  v('SRM 8000/1900 at 80/20', '.044423', srm([8000, 1900], [0.8, 0.2])),
  v('SRM 821588/815482, millionths', '1.8218', srm([821_588, 815_482]) * 1e6),
  v('mSPRT ratio', '28.403345', ratio1.ratio),
  v('mSPRT p', '.035207', ratio1.pValue),
  v('mSPRT ratio 2', '1.922116', msprt(0.02, 1e-4, 1e-4).ratio),
  ...(
    [
      [0.2, 0.05, 1030, 1094, 1091],
      [0.1, 0.02, 3623, 3841, 3839],
      [0.05, 0.01, 7663, 8158, 8155],
    ] as const
  ).flatMap(([base, effect, miller, pooled, unpooled]) => [
    v(`${base}+${effect} Evan Miller`, String(miller), sampleSizeOfShares(base, effect, 0.05, 0.8, 'base')),
    v(`${base}+${effect} pooled`, String(pooled), sampleSizeOfShares(base, effect)),
    v(`${base}+${effect} unpooled`, String(unpooled), sampleSizeOfShares(base, effect, 0.05, 0.8, 'unpooled')),
  ]),
  v('Shapley email', '.075', credit.get('email')!),
  v('Shapley sms', '.175', credit.get('sms')!),
  v('Holm of .01 .04 .03, the middle one', '.06', holm([0.01, 0.04, 0.03])[1]!),
  v(
    'CUPED with x = y leaves nothing',
    '1.000000',
    cuped([
      { n: 3, y: 6, yy: 14, x: 6, xx: 14, xy: 14 },
      { n: 3, y: 9, yy: 29, x: 9, xx: 29, xy: 29 },
    ]).reduction,
  ),
]

function v(name: string, expected: string, actual: number): Vector {
  return { name, expected, actual }
}

/** Equal when it prints the same, or is within half a unit and a hair of the last digit. */
export function agrees({ expected, actual }: Vector): boolean {
  const digits = expected.split('.')[1]?.length ?? 0
  return Math.abs(actual - Number(expected)) <= 0.5000001 * 10 ** -digits
}
