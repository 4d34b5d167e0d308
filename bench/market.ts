import os from 'node:os'
import { Worker } from 'node:worker_threads'
import { studentQuantile } from '#core/experiments/distributions.ts'
import { loadWorld } from '#sim/market/world.ts'
import type { SeedResult } from './market-seed.ts'

// What do plans earn in a market whose truth is known? Policies on the same customers, days and moods; facts/science.md §8.
const args = process.argv.slice(2)
const say = (text: string): boolean => process.stderr.write(text + '\n')
const print = (text: string): boolean => process.stdout.write(text + '\n')
function option(name: string, fallback: string): string {
  const at = args.indexOf(`--${name}`)
  return at >= 0 ? (args[at + 1] ?? fallback) : fallback
}
const quick = args.includes('--quick')
const file = option('world', 'sim/market/worlds/a.json')
const customers = Number(option('customers', quick ? '3000' : '20000'))
const [first = 1, last = first] = option('seeds', quick ? '1-2' : '1-8')
  .split('-')
  .map(Number)
if (!Number.isInteger(customers) || customers < 500 || customers > 200_000)
  fail('--customers: a whole number from 500 to 200000.')
if (!Number.isInteger(first) || !Number.isInteger(last) || first < 1 || last < first || last - first > 63)
  fail('--seeds: one number, or two like 1-8.')
try {
  loadWorld(file)
} catch (error) {
  fail(error instanceof Error ? error.message : String(error))
}
function fail(message: string): never {
  say(message)
  process.exit(2)
}

const seeds = Array.from({ length: last - first + 1 }, (_, i) => first + i)
const results: SeedResult[] = []
const waiting = [...seeds]
await Promise.all(
  Array.from({ length: Math.min(2, os.availableParallelism(), seeds.length) }, async () => {
    const worker = new Worker(new URL('market-seed.ts', import.meta.url), {
      workerData: { file, customers, withModel: true },
    })
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const own = seed
      results.push(
        await new Promise<SeedResult>((resolve, reject) => {
          worker.once('message', resolve)
          worker.once('error', reject)
          worker.postMessage(own)
        }),
      )
      say(`seed ${own}: ${results.at(-1)!.seconds.toFixed(0)} s`)
    }
    await worker.terminate()
  }),
)

const names = results[0]!.results.map((r) => r.policy)
const of = (r: SeedResult, name: string) => r.results.find((p) => p.policy === name)!
const added = (r: SeedResult, name: string): number => of(r, name).marginCents - of(r, 'no contact').marginCents
const score = (r: SeedResult, name: string): number => added(r, name) / added(r, 'informed ceiling')
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const round = (n: number, digits = 3): number => Number(n.toFixed(digits))
const percent = (n: number): string => `${(100 * n).toFixed(1)} %`

print(`world ${file}, ${customers} customers, seeds ${first} to ${last}`)
print('policy'.padEnd(18) + ['margin', 'revenue', 'sends', 'leave', 'score'].map((h) => h.padStart(11)).join(''))
for (const name of names)
  print(
    name.padEnd(18) +
      [
        percent(mean(results.map((r) => added(r, name) / of(r, 'no contact').marginCents))),
        percent(mean(results.map((r) => of(r, name).revenueCents / of(r, 'no contact').revenueCents - 1))),
        Math.round(mean(results.map((r) => of(r, name).sends))).toString(),
        Math.round(mean(results.map((r) => of(r, name).leaves))).toString(),
        round(mean(results.map((r) => score(r, name)))).toString(),
      ]
        .map((cell) => cell.padStart(11))
        .join(''),
  )

/** How much higher the optimiser scores, with the paired 95 % interval over seeds. */
const notes: string[] = []
const scale = mean(results.map((r) => Math.abs(added(r, 'informed ceiling'))))
for (const name of names.filter((n) => !['optimiser', 'informed ceiling', 'oracle'].includes(n))) {
  // In the market's own money, so that a seed with a poor ceiling weighs no more than others.
  const paired = results.map((r) => (added(r, 'optimiser') - added(r, name)) / scale)
  const mid = mean(paired)
  const sd = Math.sqrt(paired.reduce((sum, d) => sum + (d - mid) ** 2, 0) / Math.max(1, paired.length - 1))
  const half = paired.length > 1 ? (studentQuantile(0.975, paired.length - 1) * sd) / Math.sqrt(paired.length) : NaN
  notes.push(`optimiser - ${name}: ${round(mid)} ± ${round(half)}`)
}
for (const note of notes) print(note)
const scores = results.map((r) => score(r, 'optimiser'))
const share = (name: string): number => mean(results.map((r) => added(r, name) / of(r, 'no contact').marginCents))
const errors = results.map((r) => of(r, 'optimiser').forecastCents! / added(r, 'optimiser') - 1)
const claimed = (field: 'openedCents' | 'clickedCents'): number =>
  mean(results.map((r) => of(r, 'optimiser')[field] / added(r, 'optimiser')))
const held = results.filter(({ lift }) => lift.lowCents <= lift.truthCents && lift.truthCents <= lift.highCents).length
const lines = [
  `scores by seed: ${scores.map((s) => round(s, 2)).join(', ')}`,
  `forecast over truth, by seed: ${errors.map(percent).join(', ')}`,
  `holdout interval holds the truth in ${held} of ${results.length} seeds, and in ${percent(mean(results.map((r) => r.lift.coverage)))} of 100 draws each`,
  `last touch claims ${round(claimed('openedCents'), 1)} times what the messages caused (a week after opening), ${round(claimed('clickedCents'), 1)} times (after a click)`,
]
// Where next to nothing can be earned, a ratio to it says nothing: the margins do.
if (share('informed ceiling') < 0.01)
  lines.push(
    `the ceiling itself adds ${percent(share('informed ceiling'))}, the optimiser ${percent(share('optimiser'))}: judge by margin, not by score`,
  )
for (const line of lines) print(line)
notes.push(...lines)
const figures = {
  score_mean: round(mean(scores)),
  score_worst: round(Math.min(...scores)),
  forecast_error: round(mean(errors)),
  lift_coverage: round(mean(results.map((r) => r.lift.coverage))),
  last_touch_overstated: round(claimed('openedCents')),
  added_share: round(share('optimiser'), 4),
  ceiling_share: round(share('informed ceiling'), 4),
  baselines: Object.fromEntries(
    names.filter((n) => n !== 'optimiser').map((n) => [n, round(mean(results.map((r) => score(r, n))))]),
  ),
}
print(JSON.stringify({ bench: 'market', quick, figures, notes }))
