import { setTimeout as sleep } from 'node:timers/promises'
import { systemActor } from '#server/audit.ts'
import { addProvider, changeChannels, changeProvider } from '#server/delivery/providers.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSendgrid } from '#sim/providers/sendgrid.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { startProxy, type ProxyMode } from './proxy.ts'
import { copiesOf, judge, type Stage, type Verdict } from './stage.ts'

/** F7: a provider that answers 429 to everything, then one that lets 50 a second in. */
export async function throttled(stage: Stage): Promise<Verdict> {
  const sim = await startSendgrid({ seed: 7 })
  const stormMs = stage.quick ? 4_000 : 30_000
  const allowed = 50
  const worker = stage.inside({})
  const provider = await addProvider(worker.ctx, systemActor, {
    kind: 'sendgrid',
    weight: 1,
    is_active: true,
    rate_per_minute: null,
    slots: null,
    config: { base_url: sim.url },
    secrets: { api_key: sim.apiKey },
  })
  await changeChannels(worker.ctx, systemActor, { email: { mode: 'live' } })
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 600 : 2_500, new Date())
  await stage.waitFor('it sends', () => sim.taken.length > 50, 30_000)
  sim.faults = [{ kind: 'throttle', retryAfter: 1 }]
  const before = sim.requests.length
  await sleep(stormMs)
  const inStorm = sim.requests.length - before
  sim.faults = []
  const ended = Date.now()
  const taken = sim.taken.length
  await stage.waitFor('it goes on after the storm', () => sim.taken.length > taken, 60_000)
  const recovery = Date.now() - ended
  // It has to find the rate that is let in, and to stay there.
  sim.ratePerSecond = allowed
  await sleep(2_000)
  const from = sim.requests.length
  const began = Date.now()
  await sleep(stage.quick ? 3_000 : 15_000)
  const perSecond = ((sim.requests.length - from) * 1_000) / (Date.now() - began)
  sim.ratePerSecond = null
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 180_000)
  const { rows } = await stage.pool.query<{ n: number }>(
    `select count(*) as n from sends as s where s.campaign_id = $1 and s.status = 'failed'`,
    [campaignId],
  )
  await worker.stop()
  const copies = sim.copies()
  const ratio = Number((perSecond / allowed).toFixed(2))
  const verdict = await judge(stage, {
    fault: 'F7',
    what: `429 to everything for ${stormMs / 1000} s, then ${allowed} a second`,
    injected: 2,
    bound: 0,
    campaigns: [campaignId],
    copies: (id) => copies.get(id) ?? 0,
    recoveries: [recovery],
    more: {
      failed: rows[0]!.n,
      requests_per_s_in_the_storm: Number((inStorm / (stormMs / 1000)).toFixed(1)),
      requests_of_the_allowed_rate: ratio,
    },
    also: rows[0]!.n === 0 && ratio <= 1.1,
  })
  await changeProvider(worker.ctx, systemActor, provider.id, { is_active: false }).catch(() => undefined)
  await stage.pool.query(`update channel_providers set is_active = false`)
  await sim.close()
  return verdict
}

/** F8: the way to the server breaks in every way it can, again and again. */
export async function outages(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 10 })
  const proxy = await startProxy(sink.port)
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 1_500 : 10_000, new Date())
  const worker = stage.inside({ SMTP_URL: `smtp://127.0.0.1:${proxy.port}` })
  const modes: ProxyMode[] = stage.quick
    ? ['refuse', 'reset', 'mute', 'stall']
    : ['refuse', 'hang', 'reset', 'mute', 'stall', 'refuse', 'reset', 'mute']
  const recoveries: number[] = []
  const attempts: number[] = []
  let injected = 0
  let inFlight = 0
  for (const mode of modes) {
    const before = sink.accepted
    if (!(await stage.waitFor('it sends', () => sink.accepted > before + 100, 60_000))) break
    if ((await stage.waiting(campaignId)) === 0) break
    await proxy.set(mode)
    injected += 1
    await sleep(stage.quick ? 2_000 : 6_000)
    attempts.push(proxy.attempts)
    // What may be in doubt: a body that was on its way when the answers stopped, in each slot, and one with each try since.
    if (mode === 'reset' || mode === 'mute') inFlight += stage.slots + proxy.attempts
    const taken = sink.accepted
    const began = Date.now()
    await proxy.set('pass')
    await stage.waitFor(`it goes on after "${mode}"`, () => sink.accepted > taken, 90_000)
    recoveries.push(Date.now() - began)
  }
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 240_000)
  await worker.stop()
  const verdict = await judge(stage, {
    fault: 'F8',
    what: `the way to the server: ${[...new Set(modes)].join(', ')}`,
    injected,
    // Each slot may be in doubt with each fault, also where a reused connection was cut (refuse).
    bound: inFlight + modes.filter((m) => m === 'refuse').length * stage.slots,
    campaigns: [campaignId],
    copies: copiesOf(sink),
    recoveries,
    more: { connections_tried_per_fault_at_most: Math.max(0, ...attempts) },
  })
  await proxy.close()
  await sink.close()
  return verdict
}

/** F9: mail takes five seconds each, texts do not notice; a server that answers 421 to every further connection. */
export async function slowProvider(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 5 })
  const proxy = await startProxy(sink.port)
  // Noon in New York: the law lets no text out at night, whenever this runs.
  const offset = new Date().setUTCHours(17, 0, 0, 0) - Date.now()
  const now = (): Date => new Date(Date.now() + offset)
  const worker = stage.inside({ SMTP_URL: `smtp://127.0.0.1:${proxy.port}` }, now)
  const texts = stage.quick ? 1_500 : 6_000
  const rateOf = async (): Promise<number> => {
    const { campaignId } = await simCampaign(stage.pool, texts, now(), { channel: 'sms' })
    campaigns.push(campaignId)
    const began = Date.now()
    await worker.ctx.bus.publish('dispatch', {})
    await stage.waitFor('the texts leave', async () => (await stage.waiting(campaignId)) === 0, 120_000)
    return (texts * 1_000) / (Date.now() - began)
  }
  const campaigns: string[] = []
  await rateOf()
  const before = [await rateOf(), await rateOf()]
  const mail = await simCampaign(stage.pool, 400, now())
  await proxy.set('slow', 5_000)
  await sleep(1_500)
  const beside = [await rateOf(), await rateOf()]
  await proxy.set('pass')
  await stage.waitFor('the mail leaves', async () => (await stage.waiting(mail.campaignId)) === 0, 120_000)
  // Before and after, because the rate of a machine drifts by more than what is asked for here.
  const after = [await rateOf(), await rateOf()]
  await worker.stop()
  const alone = (Math.max(...before) + Math.max(...after)) / 2
  const ratio = Number((Math.max(...beside) / alone).toFixed(2))
  const inbox = await stage.pool.query<{ id: string }>(
    `select s.id from sends as s where s.channel = 'sms' and s.status in ('sent', 'delivered')`,
  )
  const texted = new Set(inbox.rows.map((r) => r.id))
  const mails = copiesOf(sink)
  const verdict = await judge(stage, {
    fault: 'F9',
    what: 'each answer of the mail server takes 5 s; texts beside it',
    injected: 1,
    bound: stage.slots,
    campaigns: [...campaigns, mail.campaignId],
    copies: (id) => mails(id) + (texted.has(id) ? 1 : 0),
    more: {
      other_channel_keeps: ratio,
      texts_per_s: [before, beside, after].map((r) => Math.round(Math.max(...r))).join(', '),
    },
    also: ratio >= 0.9,
  })
  await proxy.close()
  await sink.close()
  return verdict
}

/** F9, second half: a server that takes five connections and answers 421 to the rest. */
export async function fewConnections(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 5, mostConnections: 5 })
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 400 : 2_000, new Date())
  const worker = stage.inside({ SMTP_URL: `smtp://127.0.0.1:${sink.port}` })
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 180_000)
  await worker.stop()
  const verdict = await judge(stage, {
    fault: 'F9',
    what: 'a server that answers 421 to the sixth connection',
    injected: sink.refusedConnections,
    bound: 0,
    campaigns: [campaignId],
    copies: copiesOf(sink),
  })
  await sink.close()
  return verdict
}
