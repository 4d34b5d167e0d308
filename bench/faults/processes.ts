import { setTimeout as sleep } from 'node:timers/promises'
import { systemActor } from '#server/audit.ts'
import { cancelCampaign, pauseCampaign, resumeCampaign } from '#server/planning/run.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { exited } from '../campaign-run.ts'
import { copiesOf, judge, type Stage, type Verdict } from './stage.ts'

/** F1, and the negative control: kill -9 of the worker at random moments. */
export async function killWorkers(
  stage: Stage,
  mode: 'ledger' | 'checkpoint',
  messages: number,
  kills: number,
): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 25 })
  const { campaignId } = await simCampaign(stage.pool, messages, new Date())
  const start = (): ReturnType<Stage['worker']> => stage.worker({ mode, smtpPort: sink.port })
  const recoveries: number[] = []
  let injected = 0
  let worker = start()
  for (let i = 0; i < kills; i++) {
    const before = sink.accepted
    if (!(await stage.waitFor('the worker sends', () => sink.accepted > before + 10, 30_000))) break
    await sleep(20 + Math.random() * 250)
    if ((await stage.waiting(campaignId)) === 0) break
    worker.kill('SIGKILL')
    await exited(worker)
    injected += 1
    await sleep(60)
    const taken = sink.accepted
    const began = Date.now()
    worker = start()
    await stage.waitFor('the next worker goes on', () => sink.accepted > taken, 30_000)
    recoveries.push(Date.now() - began)
  }
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 120_000)
  if (mode === 'checkpoint') await sleep(1500)
  worker.kill('SIGTERM')
  await exited(worker)
  const verdict = await judge(stage, {
    fault: mode === 'ledger' ? 'F1' : 'control',
    what: mode === 'ledger' ? 'kill -9 of the worker' : 'kill -9 of a mailer that checkpoints when it fetches',
    injected,
    bound: injected * stage.slots,
    campaigns: [campaignId],
    copies: copiesOf(sink),
    recoveries,
    more: { automatic_duplicates: 0 },
  })
  verdict.more['automatic_duplicates'] = verdict.duplicates
  await sink.close()
  return verdict
}

/** F2: SIGTERM in the middle of sending. Nothing lost, nothing twice, nothing unknown. */
export async function terminate(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 25 })
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 800 : 5_000, new Date())
  const times = stage.quick ? 3 : 20
  const exits: number[] = []
  let dirty = 0
  let worker = stage.worker({ smtpPort: sink.port })
  for (let i = 0; i < times; i++) {
    const before = sink.accepted
    if (!(await stage.waitFor('the worker sends', () => sink.accepted > before + 10, 30_000))) break
    await sleep(Math.random() * 200)
    if ((await stage.waiting(campaignId)) === 0) break
    const began = Date.now()
    worker.kill('SIGTERM')
    await exited(worker)
    exits.push(Date.now() - began)
    if (worker.exitCode !== 0) dirty += 1
    worker = stage.worker({ smtpPort: sink.port })
  }
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 120_000)
  worker.kill('SIGTERM')
  await exited(worker)
  const longest = Math.max(...exits)
  const verdict = await judge(stage, {
    fault: 'F2',
    what: 'SIGTERM of the worker; recovery is the time to its exit',
    injected: exits.length,
    bound: 0,
    campaigns: [campaignId],
    copies: copiesOf(sink),
    recoveries: exits,
    more: { exits_with_an_error: dirty, exit_within_30_s: longest <= 30_000 },
    also: dirty === 0 && longest <= 30_000,
  })
  await sink.close()
  return verdict
}

/** F11: three workers at once, two of them with a clock that is ten minutes off. */
export async function manyWorkers(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 5 })
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 600 : 5_000, new Date(Date.now() - 11 * 60_000))
  const workers = [-600_000, 0, 600_000].map((skew) =>
    stage.worker({ smtpPort: sink.port, env: { FAULTS_SKEW_MS: String(skew) } }),
  )
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 120_000)
  for (const worker of workers) worker.kill('SIGTERM')
  await Promise.all(workers.map(exited))
  const verdict = await judge(stage, {
    fault: 'F11',
    what: 'three workers at once, clocks 10 minutes behind, right, 10 minutes ahead',
    injected: 2,
    bound: 0,
    campaigns: [campaignId],
    copies: copiesOf(sink),
  })
  await sink.close()
  return verdict
}

/** F12: paused and resumed as fast as it goes, then cancelled: nothing begins after the answer to "cancel". */
export async function raceWithCommands(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 5 })
  const worker = stage.inside({ SMTP_URL: `smtp://127.0.0.1:${sink.port}` })
  const toggles = stage.quick ? 60 : 1_000
  const first = await simCampaign(stage.pool, stage.quick ? 1_000 : 6_000, new Date())
  let afterPause = 0
  for (let i = 0; i < toggles / 2; i++) {
    await pauseCampaign(worker.ctx, systemActor, first.campaignId)
    // No attempt may begin between the answers to "pause" and "resume".
    const { rows } = await stage.pool.query<{ at: Date }>('select clock_timestamp() as at')
    await sleep(Math.random() * 8)
    const { rows: late } = await stage.pool.query<{ n: number }>(
      `select count(*) as n from delivery_attempts as a join sends as s on s.id = a.send_id where s.campaign_id = $1 and a.started_at > $2`,
      [first.campaignId, rows[0]!.at],
    )
    afterPause += late[0]!.n
    await resumeCampaign(worker.ctx, systemActor, first.campaignId)
    await sleep(Math.random() * 8)
  }
  await stage.waitFor('it goes on after "resume"', async () => (await stage.waiting(first.campaignId)) === 0, 120_000)
  const second = await simCampaign(stage.pool, 4_000, new Date())
  const before = sink.accepted
  await stage.waitFor('it sends', () => sink.accepted > before + 200, 30_000)
  await cancelCampaign(worker.ctx, systemActor, second.campaignId)
  const { rows } = await stage.pool.query<{ at: Date }>('select clock_timestamp() as at')
  await sleep(1_500)
  const { rows: begun } = await stage.pool.query<{ n: number }>(
    `select count(*) as n from delivery_attempts as a join sends as s on s.id = a.send_id where s.campaign_id = $1 and a.started_at > $2`,
    [second.campaignId, rows[0]!.at],
  )
  await stage.waitFor('the rest is cancelled', async () => (await stage.waiting(second.campaignId)) === 0, 60_000)
  await worker.stop()
  const verdict = await judge(stage, {
    fault: 'F12',
    what: 'pause and resume raced against the worker, then cancel',
    injected: toggles + 1,
    bound: 0,
    campaigns: [first.campaignId, second.campaignId],
    copies: copiesOf(sink),
    more: { begun_while_paused: afterPause, begun_after_cancel: begun[0]!.n },
    also: afterPause === 0 && begun[0]!.n === 0,
  })
  await sink.close()
  return verdict
}
