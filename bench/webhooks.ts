import { createSign, generateKeyPairSync } from 'node:crypto'
import { fork, type ChildProcess } from 'node:child_process'
import { Agent, request } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool, withTx } from '#db/pool.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { refreshCampaignCounters } from '#server/counters.ts'
import { addProvider } from '#server/delivery/providers.ts'
import { rebuildRollups } from '#server/rollups.ts'
import { createLog } from '#server/log.ts'
import { seededRandom } from '#sim/providers/random.ts'

// A storm of reports, as SendGrid posts them after a large campaign: signed lists, in no order, some twice. What was
// answered with 200 must be found again, and every figure must equal a recount.
const quick = process.argv.includes('--quick')
const perSecond = 10_000
const seconds = quick ? 3 : 10
const perPost = 100
const stepMs = (perPost / perSecond) * 1000
const say = (text: string): boolean => process.stderr.write(text + '\n')
const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-webhooks-'))
const secret = 'a secret that only the webhook bench uses, 32+'
const random = seededRandom(7)
const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')

interface Event {
  sg_event_id: string
  send_id: string
  event: string
  [key: string]: unknown
}

const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined } })
const pool = createPool(server.url, { max: 4 })
pool.on('error', () => undefined)
let child: ChildProcess | null = null
try {
  await migrate(server.url)
  const config = {
    ...readConfig({ DATABASE_URL: server.url, LMA_DATA: dataDir, LMA_SECRET: secret, LMA_DEMO: 'off' }),
    publicUrl: 'http://127.0.0.1',
  }
  const ctx = createContext(config, server.url, { log: createLog('silent') })
  const provider = await addProvider(ctx, systemActor, {
    kind: 'sendgrid',
    config: { webhook_public_key: publicKey },
    secrets: { api_key: 'SG.bench' },
    weight: 1,
    is_active: true,
    rate_per_minute: null,
    slots: null,
  })
  const events = await prepare(pool, perSecond * seconds)
  const posts = Array.from({ length: Math.ceil(events.length / perPost) }, (_, i) =>
    events.slice(i * perPost, (i + 1) * perPost),
  )
  // The yardstick first: what this machine answers at this rate when nothing is done with a post.
  const bare = await startServer(server.url, 'bare')
  child = bare.child
  const yardstick = await storm(bare.port, '/', posts.slice(0, Math.ceil(posts.length / 3)))
  child.kill('SIGTERM')

  const started = await startServer(server.url, 'product')
  child = started.child
  const began = performance.now()
  const acknowledged = new Set<string>()
  const taken = await storm(started.port, new URL(provider.hook_url).pathname, posts, (list, status) => {
    if (status === 200) for (const e of list) acknowledged.add(e.sg_event_id)
  })
  const sentS = (performance.now() - began) / 1000
  let drainedS = -1
  for (let i = 0; i < 1200; i++) {
    const { rows } = await pool.query<{ n: number }>(
      `select count(*) as n from webhook_inbox as w where w.kind is not null and w.status in ('received', 'parked')`,
    )
    if (rows[0]!.n === 0) {
      drainedS = (performance.now() - began) / 1000
      break
    }
    await sleep(100)
  }
  const usage = await stopServer(child)
  child = null

  const verdict = await judge(pool, events, acknowledged)
  await refreshCampaignCounters(pool)
  await closeContext(ctx)
  const figures = {
    events: events.length,
    events_per_s: Math.round(events.length / sentS),
    refused_posts: taken.refused,
    p50_ms: taken.at(0.5),
    p99_ms: taken.at(0.99),
    max_ms: taken.at(1),
    bare_server_p50_ms: yardstick.at(0.5),
    bare_server_p99_ms: yardstick.at(0.99),
    lost: verdict.lost,
    wrong_states: verdict.wrongStates,
    figures_off: verdict.figuresOff,
    drained_s: Number(drainedS.toFixed(1)),
    server_cpu_us_per_event: Math.round(usage.cpuUs / events.length),
    server_rss_mb: usage.rssMb,
  }
  say(JSON.stringify(figures, null, 2))
  const notes = [
    `${posts.length} signed posts of ${perPost} events, one every ${stepMs} ms, open loop`,
    'drained_s: from the first post until every event is taken apart and in the figures',
    'database, product and load generator share the machine',
  ]
  process.stdout.write(JSON.stringify({ bench: 'webhooks', quick, figures, notes }) + '\n')
  const isRight = verdict.lost + verdict.wrongStates + verdict.figuresOff + taken.refused === 0
  // On a machine that is busy with other work even a server that does nothing is late; that much is not ours.
  process.exitCode = isRight && taken.at(0.99) - yardstick.at(0.99) < 250 ? 0 : 1
} finally {
  child?.kill('SIGKILL')
  await pool.end().catch(() => undefined)
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}

interface Answers {
  refused: number
  /** latency in milliseconds that this share of the posts did not exceed, from when each was due */
  at(share: number): number
}

/** Open loop: a post leaves when it is due, however late the answers before it are. */
async function storm(
  port: number,
  path: string,
  posts: readonly Event[][],
  onAnswer: (list: readonly Event[], status: number) => void = () => undefined,
): Promise<Answers> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const latencies: number[] = []
  let refused = 0
  const began = performance.now()
  const running: Promise<void>[] = []
  for (const [i, list] of posts.entries()) {
    const due = began + i * stepMs
    const ahead = due - performance.now()
    if (ahead > 1) await sleep(ahead)
    running.push(
      post(agent, port, path, list).then((status) => {
        latencies.push(performance.now() - due)
        if (status !== 200) refused += 1
        onAnswer(list, status)
      }),
    )
  }
  await Promise.all(running)
  agent.destroy()
  latencies.sort((a, b) => a - b)
  return { refused, at: (share) => Math.round(latencies[Math.floor((latencies.length - 1) * share)] ?? 0) }
}

function post(agent: Agent, port: number, path: string, list: readonly Event[]): Promise<number> {
  const body = JSON.stringify(list) + '\r\n'
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createSign('sha256')
    .update(timestamp + body)
    .sign(keys.privateKey, 'base64')
  return new Promise((resolve) => {
    const call = request(
      {
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        agent,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'x-twilio-email-event-webhook-signature': signature,
          'x-twilio-email-event-webhook-timestamp': timestamp,
        },
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      },
    )
    call.on('error', () => resolve(0))
    call.end(body)
  })
}

/** Messages of one campaign that were sent, and what is reported about them; a twentieth of it twice, all shuffled. */
async function prepare(pool: pg.Pool, count: number): Promise<Event[]> {
  const sends = Math.ceil(count / 2.4)
  await pool.query(
    `with c as (
       insert into campaigns (name, status, start_date, end_date, started_at) values ('Storm', 'active', current_date, current_date + 6, now()) returning id
     ), p as (
       insert into customers (name, email, email_consent) select 'C' || g, 'c' || g || '@example.com', 'granted' from generate_series(1, $1::int) as g returning id, email
     )
     insert into sends (id, customer_id, campaign_id, channel, recipient, due_at, window_end, status, provider, sent_at)
     select uuidv7(), p.id, c.id, 'email', p.email, now(), now(), 'sent', 'sendgrid', now() - interval '1 hour' from p, c`,
    [sends],
  )
  await pool.query('analyze sends, customers')
  const { rows } = await pool.query<{ id: string }>('select sends.id from sends')
  const out: Event[] = []
  const timestamp = Math.floor(Date.now() / 1000) - 60
  const add = (send: string, event: string, more: object = {}): void => {
    out.push({
      email: 'someone@example.com',
      timestamp,
      event,
      sg_event_id: `e${out.length}`,
      sg_message_id: 'x.filter',
      send_id: send,
      ...more,
    })
  }
  for (const { id } of rows) {
    add(id, 'processed')
    const luck = random()
    if (luck < 0.02) add(id, 'bounce', { type: 'bounce', reason: '550 5.1.1 no such user', status: '5.1.1' })
    else {
      add(id, 'delivered', { response: '250 OK' })
      if (luck < 0.3) add(id, 'open', { useragent: 'Mozilla/5.0 (iPhone)', sg_machine_open: luck < 0.1 })
      if (luck > 0.96) add(id, 'click', { useragent: 'Mozilla/5.0 (iPhone)', url: 'https://shop.test/' })
    }
  }
  const distinct = out.slice(0, Math.floor(count / 1.05))
  const all = [...distinct, ...distinct.slice(0, count - distinct.length)]
  for (let i = all.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[all[i], all[j]] = [all[j]!, all[i]!]
  }
  return all
}

async function startServer(url: string, what: 'product' | 'bare'): Promise<{ child: ChildProcess; port: number }> {
  const started = fork(path.join(import.meta.dirname, 'webhooks-server.ts'), [what], {
    env: {
      ...process.env,
      DATABASE_URL: url,
      LMA_DATA: dataDir,
      LMA_SECRET: secret,
      LMA_DEMO: 'off',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const port = await new Promise<number>((resolve, reject) => {
    started.once('message', (m) => resolve((m as { port: number }).port))
    started.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
  return { child: started, port }
}

async function stopServer(running: ChildProcess): Promise<{ cpuUs: number; rssMb: number }> {
  const told = new Promise<{ cpuUs: number; rssMb: number }>((resolve) =>
    running.once('message', (m) => resolve(m as { cpuUs: number; rssMb: number })),
  )
  running.kill('SIGTERM')
  const usage = await told
  await new Promise((resolve) => (running.exitCode === null ? running.once('exit', resolve) : resolve(null)))
  return usage
}

/** Lost: acknowledged and not stored. Wrong: a send that is not where its reports put it. Off: figures that no recount gives. */
async function judge(
  pool: pg.Pool,
  events: readonly Event[],
  acknowledged: ReadonlySet<string>,
): Promise<{ lost: number; wrongStates: number; figuresOff: number }> {
  const { rows: stored } = await pool.query<{ event_key: string }>(
    `select e ->> 'key' as event_key from webhook_inbox as w cross join jsonb_array_elements(w.body -> 'events') as e where w.status = 'processed'`,
  )
  const found = new Set(stored.map((r) => r.event_key))
  let lost = 0
  for (const key of acknowledged) if (!found.has(key)) lost += 1
  const said = new Map<string, Set<string>>()
  for (const e of events) {
    if (!acknowledged.has(e.sg_event_id)) continue
    const set = said.get(e.send_id)
    if (set) set.add(e.event)
    else said.set(e.send_id, new Set([e.event]))
  }
  const { rows: sends } = await pool.query<{ id: string; status: string; clicked: boolean }>(
    'select sends.id, sends.status, sends.clicked_at is not null as clicked from sends',
  )
  let wrongStates = 0
  const counted: Record<string, number> = {}
  const tally = (type: string): void => void (counted[type] = (counted[type] ?? 0) + 1)
  for (const s of sends) {
    const heard = said.get(s.id) ?? new Set<string>()
    const isThere = ['delivered', 'open', 'click'].some((e) => heard.has(e))
    const expected = heard.has('bounce') ? 'bounced' : isThere ? 'delivered' : 'sent'
    if (s.status !== expected || s.clicked !== heard.has('click')) wrongStates += 1
    if (heard.has('bounce')) tally('bounce')
    if (heard.has('delivered')) tally('delivered')
    if (heard.has('click')) tally('click')
  }
  const sum = async (): Promise<Record<string, number>> => {
    const { rows } = await pool.query<{ event_type: string; machine: boolean; n: number }>(
      'select r.event_type, r.machine, sum(r.events)::int as n from rollup_hourly as r group by 1, 2 order by 1, 2',
    )
    return Object.fromEntries(rows.map((r) => [`${r.event_type}${r.machine ? ' by machines' : ''}`, r.n]))
  }
  const kept = await sum()
  await withTx(pool, rebuildRollups)
  const recount = await sum()
  const figuresOff =
    Object.keys({ ...kept, ...recount }).filter((k) => kept[k] !== recount[k]).length +
    Object.keys(counted).filter((k) => counted[k] !== kept[k]).length
  say(JSON.stringify(kept))
  return { lost, wrongStates, figuresOff }
}
