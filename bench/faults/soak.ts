import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { startProxy, type ProxyMode } from './proxy.ts'
import { exited } from '../campaign-run.ts'
import { copiesOf, judge, type Stage, type Verdict } from './stage.ts'

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** F24: full rate for minutes with kills, outages and restarts at random. One worker lives through all of it. */
export async function soak(stage: Stage, minutes: number): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 10 })
  const proxy = await startProxy(sink.port)
  const steady = stage.worker({ smtpPort: proxy.port })
  let other = stage.worker({ smtpPort: proxy.port })
  const campaigns: string[] = []
  const resident: { atMin: number; mb: number }[] = []
  const until = Date.now() + minutes * 60_000
  let injected = 0
  let bound = 0
  const sampled = async (): Promise<void> => {
    while (Date.now() < until) {
      try {
        resident.push({ atMin: (Date.now() - until) / 60_000 + minutes, mb: residentMb(steady.pid!) })
      } catch {
        return
      }
      await sleep(1_000)
    }
  }
  const sampling = sampled()
  while (Date.now() < until) {
    const last = campaigns.at(-1)
    const left = last ? await stage.waiting(last) : 0
    if (left >= 0 && left < 1_000) campaigns.push((await simCampaign(stage.pool, 5_000, new Date())).campaignId)
    await sleep(1_000 + Math.random() * 4_000)
    const dice = Math.random()
    injected += 1
    if (dice < 0.4) {
      other.kill('SIGKILL')
      await exited(other)
      bound += stage.slots
      other = stage.worker({ smtpPort: proxy.port })
    } else if (dice < 0.7) {
      const modes: ProxyMode[] = ['refuse', 'reset', 'mute', 'stall']
      await proxy.set(modes[Math.floor(Math.random() * modes.length)]!)
      await sleep(500 + Math.random() * 2_000)
      await proxy.set('pass')
      bound += 2 * stage.slots
    } else if (dice < 0.85) {
      const pid = stage.server.pid()
      if (pid !== null) process.kill(pid, 'SIGKILL')
      await sleep(200)
      await stage.waitFor('the database is back', async () => (await stage.waiting(campaigns[0]!)) >= 0, 30_000)
      bound += 2 * stage.slots
    } else {
      other.kill('SIGTERM')
      await exited(other)
      other = stage.worker({ smtpPort: proxy.port })
    }
  }
  await sampling
  for (const id of campaigns)
    await stage.waitFor('everything ends', async () => (await stage.waiting(id)) === 0, 180_000)
  for (const worker of [steady, other]) worker.kill('SIGTERM')
  await Promise.all([exited(steady), exited(other)])
  // The first third is warm-up.
  const late = resident.filter((r) => r.atMin > minutes / 3)
  const slope = slopeOf(late)
  const verdict = await judge(stage, {
    fault: 'F24',
    what: `${minutes} minutes at full rate with kills, outages and restarts at random`,
    injected,
    bound,
    campaigns,
    copies: copiesOf(sink),
    more: {
      resident_mb_at_the_end: Math.round(late.at(-1)?.mb ?? 0),
      resident_mb_per_minute: Number(slope.toFixed(2)),
    },
  })
  await proxy.close()
  await sink.close()
  return verdict
}

/** Slope of the least-squares line, megabytes a minute. */
function slopeOf(points: readonly { atMin: number; mb: number }[]): number {
  if (points.length < 2) return 0
  const x = points.reduce((sum, p) => sum + p.atMin, 0) / points.length
  const y = points.reduce((sum, p) => sum + p.mb, 0) / points.length
  const over = points.reduce((sum, p) => sum + (p.atMin - x) * (p.mb - y), 0)
  const under = points.reduce((sum, p) => sum + (p.atMin - x) ** 2, 0)
  return under === 0 ? 0 : over / under
}
