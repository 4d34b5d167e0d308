import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { createLog } from '#server/log.ts'
import { foldRollups, reconcileRollups } from '#server/rollups.ts'
import { noWhileClaimed, poison } from './faults/content.ts'
import { killDatabase, lockedTables } from './faults/database.ts'
import { killWorkers, manyWorkers, raceWithCommands, terminate } from './faults/processes.ts'
import { fewConnections, outages, slowProvider, throttled } from './faults/providers.ts'
import { redisAway } from './faults/redis.ts'
import { soak } from './faults/soak.ts'
import { createStage, secret, type Stage, type Verdict } from './faults/stage.ts'

// What each fault costs: messages lost, messages sent twice, messages nobody knows about, time to go on. Counted at the
// servers that took them. `--quick`, `--only F2,F8`, `--soak MINUTES`.
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    soak: { type: 'string' },
  },
})
const { quick } = values
const only = values.only?.split(',') ?? null
const soakMinutes = Number(values.soak ?? (quick ? 0.25 : 3))
const say = (text: string): boolean => process.stderr.write(text + '\n')

const scenarios: [name: string, run: (stage: Stage) => Promise<Verdict | null>][] = [
  ['F1', (s) => (quick ? killWorkers(s, 'ledger', 1_200, 3) : killWorkers(s, 'ledger', 10_000, 20))],
  ['F2', terminate],
  ['F4', (s) => (quick ? killDatabase(s, 900, 3) : killDatabase(s, 5_000, 12))],
  ['F6', redisAway],
  ['F7', throttled],
  ['F8', outages],
  ['F9', slowProvider],
  ['F9', fewConnections],
  ['F10', poison],
  ['F11', manyWorkers],
  ['F12', raceWithCommands],
  ['F18', lockedTables],
  ['F23', noWhileClaimed],
  ['control', (s) => killWorkers(s, 'checkpoint', 1_500, 5)],
  ['F24', (s) => soak(s, soakMinutes)],
]
/** Faults of the list that have their proof elsewhere. */
const elsewhere = {
  F3: 'test/import-crash.test.ts: kill -9 in the middle of an import',
  F13: 'core/compliance/text-hours.test.ts: 14 zones, nights, DST, leap day, by the clock of Intl',
  F14: 'server/feedback/hooks, test/providers-loop.test.ts: reports shuffled, twice, late, early, forged',
  F15: 'npm run bench:webhooks',
  F17: 'npm run bench:import: peak memory',
  F21: 'npm run bench:watchers: a thousand come back at once',
  F22: 'core/planning/llm/talk.test.ts, sim/llm: time-outs, garbage, refusals, injections',
}

const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-faults-'))
const quiet = { info: () => undefined, warn: () => undefined }
const server = await startEmbedded({ dataDir, log: quiet })
const pool = createPool(server.url, { max: 4 })
pool.on('error', () => undefined)
const stage = createStage(server, pool, dataDir, quick)
const leave = async (): Promise<void> => {
  stage.killAll()
  await pool.end().catch(() => undefined)
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)))
try {
  await migrate(server.url)
  const ctx = createContext(
    { ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), databaseUrl: server.url },
    server.url,
    { log: createLog('silent') },
  )
  await seedTemplates(ctx)
  const verdicts: Verdict[] = []
  let control: Verdict | null = null
  for (const [name, run] of scenarios) {
    if (only && !only.includes(name)) continue
    const began = Date.now()
    const verdict = await run(stage)
    if (!verdict) continue
    say(`${name} ${((Date.now() - began) / 1000).toFixed(1)} s ${JSON.stringify(verdict)}`)
    if (name === 'control') control = verdict
    else verdicts.push(verdict)
  }
  // Whatever was killed meanwhile, every sum must be what a recount says.
  await foldRollups(ctx)
  const wrongSums = await reconcileRollups(ctx)
  const { rows: counted } = await pool.query<{ events: number }>('select count(*) as events from analytics_events')
  await closeContext(ctx)

  const sum = (pick: (v: Verdict) => number): number => verdicts.reduce((total, v) => total + pick(v), 0)
  const recoveries = verdicts.flatMap((v) => (v.recovery_max_ms === null ? [] : [v.recovery_max_ms]))
  const figures = {
    faults: sum((v) => v.injected),
    messages: sum((v) => v.messages),
    lost: sum((v) => v.lost),
    duplicates: sum((v) => v.duplicates),
    duplicates_over_bound: sum((v) => Math.max(0, v.duplicates - v.bound)),
    unknown: sum((v) => v.unknown),
    unknown_bound: sum((v) => v.bound),
    recovery_max_ms: recoveries.length > 0 ? Math.max(...recoveries) : null,
    sums_that_are_not_a_recount: Object.values(wrongSums).reduce((total, n) => total + n, 0),
    events_recounted: counted[0]!.events,
    not_ok: verdicts.filter((v) => !v.ok).map((v) => v.fault),
    negative_control_lost: control?.lost ?? null,
    negative_control_caught: control ? control.lost > 0 : null,
    by_fault: verdicts,
  }
  stage.notes.push(`messages in flight per worker: ${stage.slots}`)
  process.stdout.write(JSON.stringify({ bench: 'faults', quick, figures, elsewhere, notes: stage.notes }) + '\n')
  process.exitCode =
    figures.not_ok.length === 0 &&
    figures.sums_that_are_not_a_recount === 0 &&
    figures.negative_control_caught !== false
      ? 0
      : 1
} finally {
  await leave()
}
