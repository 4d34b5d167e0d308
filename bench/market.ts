import os from 'node:os'
import { Worker } from 'node:worker_threads'
import { studentQuantile } from '#core/experiments/distributions.ts'
import { loadWorld } from '#sim/market/world.ts'
import type { SeedResult } from './market-seed.ts'

// What do plans earn in a market whose truth is known? Policies on the same customers, days and moods; facts/science.md §8.
const args = process.argv.slice(2)
const say = (text: string): boolean => process.stderr.write(text + '\n')
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

console.log(`world ${file}, ${customers} customers, seeds ${first} to ${last}`)
console.log('policy'.padEnd(18) + ['margin', 'revenue', 'sends', 'leave', 'score'].map((h) => h.padStart(11)).join(''))
for (const name of names)
  console.log(
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
for (const name of names.filter((n) => !['optimiser', 'informed ceiling', 'oracle'].includes(n))) {
  const paired = results.map((r) => score(r, 'optimiser') - score(r, name))
  const mid = mean(paired)
  const sd = Math.sqrt(paired.reduce((sum, d) => sum + (d - mid) ** 2, 0) / Math.max(1, paired.length - 1))
  const half = paired.length > 1 ? (studentQuantile(0.975, paired.length - 1) * sd) / Math.sqrt(paired.length) : NaN
  notes.push(`optimiser - ${name}: ${round(mid)} ± ${round(half)}`)
}
for (const note of notes) console.log(note)
const scores = results.map((r) => score(r, 'optimiser'))
const figures = {
  score_mean: round(mean(scores)),
  score_worst: round(Math.min(...scores)),
  forecast_error: round(mean(results.map((r) => of(r, 'optimiser').forecastCents! / added(r, 'optimiser') - 1))),
  lift_coverage: round(mean(results.map((r) => r.lift.coverage))),
  baselines: Object.fromEntries(
    names.filter((n) => n !== 'optimiser').map((n) => [n, round(mean(results.map((r) => score(r, n))))]),
  ),
}
console.log(JSON.stringify({ bench: 'market', quick, figures, notes }))
