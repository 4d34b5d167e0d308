import { execFile, spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { once } from 'node:events'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { createComposer, type SendToRender } from '#server/composer.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { createLog } from '#server/log.ts'
import { simCampaign } from '#sim/campaign.ts'
import { postgresCpuSeconds } from './postgres-cpu.ts'
import type { ClientReport, StoredMessage } from './send-client.ts'

// Personalised mail to a raw SMTP server on loopback, every message accounted in PostgreSQL, beside a plain nodemailer
// pool that sends the same finished messages and keeps no account, and beside bytes pushed into a socket.
// `--quick`; `--messages N`: one round of so many; `--slots N`: messages of ours in flight.
const { values: asked } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    messages: { type: 'string' },
    slots: { type: 'string', default: '200' },
  },
})
const { quick } = asked
const rounds = quick || asked.messages ? 1 : 3
const perRound = Number(asked.messages ?? 100_000)
const size = quick
  ? { product: 6_000, nodemailer: 1_200, bare: 3_000 }
  : { product: perRound, nodemailer: Math.min(5_000, perRound), bare: Math.min(20_000, perRound) }
const slots = Number(asked.slots)
/** More of them make nodemailer slower. */
const connections = 50
const say = (text: string): boolean => process.stderr.write(text + '\n')
const run = promisify(execFile)
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const round = (n: number, digits = 0): number => Number(n.toFixed(digits))

const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-send-'))
const secret = 'a secret that only the send bench uses, 32+ characters'
const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined } })
const pool = createPool(server.url, { max: 4 })
pool.on('error', () => undefined)

interface Sink {
  port: number
  /** ends it; how many messages it took, and how many different ones */
  stop(): Promise<{ accepted: number; distinct: number; bytes: number }>
}

async function startSink(): Promise<Sink> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, '../sim/smtp-sink.ts'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  const [line] = (await once(child.stderr, 'data')) as [Buffer]
  return {
    port: Number(/:(\d+)/.exec(line.toString())![1]),
    async stop() {
      child.kill('SIGTERM')
      await once(child, 'close')
      return JSON.parse(out) as { accepted: number; distinct: number; bytes: number }
    },
  }
}

async function client(mode: string, sink: Sink, file: string): Promise<ClientReport> {
  const { stdout } = await run(
    process.execPath,
    [
      ...process.execArgv,
      path.join(import.meta.dirname, 'send-client.ts'),
      mode,
      String(sink.port),
      String(connections),
      file,
    ],
    {
      timeout: 900_000,
      env: {
        ...process.env,
        DATABASE_URL: server.url,
        SMTP_URL: `smtp://127.0.0.1:${sink.port}`,
        LMA_SECRET: secret,
        LMA_DATA: dataDir,
        LMA_SLOTS: String(slots),
        LOG_LEVEL: 'error',
      },
    },
  )
  return JSON.parse(stdout) as ClientReport
}

/** Writes down what the product would send, so that the others send the same. Returns the mean size in bytes. */
async function renderTo(file: string, count: number): Promise<number> {
  const ctx = createContext(
    { ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), databaseUrl: server.url },
    server.url,
    {
      log: createLog('silent'),
    },
  )
  const { rows } = await pool.query<SendToRender>(
    'select s.id, s.campaign_id, s.recipient, s.template_id, variables_of(s) as variables, null as store_id from sends as s limit $1',
    [count],
  )
  const out = createWriteStream(file)
  let bytes = 0
  for (const message of await createComposer(ctx).compose(rows)) {
    if ('failure' in message) throw new Error(message.failure)
    const mime = message.mime()
    bytes += mime.length
    const stored: StoredMessage = {
      from: message.sender,
      to: message.recipient,
      subject: message.subject ?? '',
      html: message.html() ?? '',
      text: message.text(),
      headers: message.headers.map(([name, value]) => [name, value]),
      messageId: message.messageId,
      mime,
    }
    out.write(JSON.stringify(stored) + '\n')
  }
  out.end()
  await once(out, 'finish')
  await closeContext(ctx)
  return bytes / rows.length
}

/** A template of about ten kilobytes, as a shop's newsletter is. */
async function tenKilobytes(): Promise<void> {
  const paragraph =
    '<p style="margin:0 0 12px 0;font-size:15px;line-height:22px;color:#13211b">Small growers, honest prices, and a shelf that changes with the season. Ask us what pairs with what is on your stove tonight.</p>'
  await pool.query(
    `insert into message_templates (key, version, name, channel, category, subject_template, preheader_template, body_html_template, body_text_template)
     select 'bench_10kb', 1, 'Bench', t.channel, t.category, t.subject_template, t.preheader_template,
       replace(t.body_html_template, '</body>', repeat($1, 1) || '</body>'), t.body_text_template || repeat($2, 1)
     from message_templates as t where t.key = 'new_arrivals' order by t.version desc limit 1`,
    [
      paragraph,
      '\nSmall growers, honest prices, and a shelf that changes with the season. Ask us what pairs with dinner.',
    ],
  )
}

interface Round {
  product: number
  nodemailer: number
  bare: number
  clientUs: number
  databaseUs: number
  peakMb: number
}

const leave = async (): Promise<void> => {
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
    {
      log: createLog('silent'),
    },
  )
  await seedTemplates(ctx)
  await closeContext(ctx)
  await tenKilobytes()
  const file = path.join(dataDir, 'messages.jsonl')
  let messageBytes = 0
  let lost = 0
  const done: Round[] = []
  for (let i = 0; i < rounds; i++) {
    const { campaignId } = await simCampaign(pool, size.product, new Date(), { template: 'bench_10kb' })
    await pool.query('vacuum analyze sends, actions, customers, delivery_attempts, analytics_events')
    await pool.query('checkpoint')
    if (i === 0) messageBytes = await renderTo(file, Math.max(size.nodemailer, size.bare))
    const others: Partial<Record<'nodemailer' | 'bare', number>> = {}
    for (const mode of ['nodemailer', 'bare'] as const) {
      const sink = await startSink()
      const limited = `${file}.${mode}`
      await run('sh', ['-c', `head -n ${size[mode]} "$1" > "$2"`, 'sh', file, limited])
      const report = await client(mode, sink, limited)
      const taken = await sink.stop()
      if (taken.accepted !== size[mode]) throw new Error(`${mode}: ${taken.accepted} of ${size[mode]} arrived`)
      others[mode] = report.messages / report.seconds
      say(
        `${mode.padEnd(11)} ${round(others[mode]!)}/s, ${round((report.cpuSeconds / report.messages) * 1e6)} us client CPU each`,
      )
    }
    const sink = await startSink()
    const before = postgresCpuSeconds(server.pid()!)
    const report = await client('product', sink, '-')
    const databaseUs = ((postgresCpuSeconds(server.pid()!) - before) / size.product) * 1e6
    const taken = await sink.stop()
    const { rows } = await pool.query<{ status: string; n: number }>(
      'select s.status, count(*) as n from sends as s where s.campaign_id = $1 group by 1',
      [campaignId],
    )
    const sent = rows.find((r) => r.status === 'sent')?.n ?? 0
    if (taken.accepted !== taken.distinct) throw new Error('messages were sent twice')
    lost += size.product - Math.min(sent, taken.distinct)
    const figures: Round = {
      product: report.messages / report.seconds,
      nodemailer: others.nodemailer!,
      bare: others.bare!,
      clientUs: (report.cpuSeconds / report.messages) * 1e6,
      databaseUs,
      peakMb: report.peakMb,
    }
    done.push(figures)
    say(
      `ours        ${round(figures.product)}/s, ${round(figures.clientUs)} us client CPU and ${round(databaseUs)} us database CPU each, peak ${round(report.peakMb)} MB`,
    )
  }
  const ratio = (other: 'nodemailer' | 'bare'): number[] => done.map((r) => r.product / r[other])
  const figures = {
    vs_nodemailer_pool: round(median(ratio('nodemailer')), 2),
    vs_raw_client: round(median(ratio('bare')), 2),
    client_us_per_message: round(median(done.map((r) => r.clientUs))),
    db_us_per_message: round(median(done.map((r) => r.databaseUs))),
    lost,
    messages: size.product * rounds,
    message_bytes: round(messageBytes),
    rate_per_s: round(median(done.map((r) => r.product))),
    peak_rss_mb: round(Math.max(...done.map((r) => r.peakMb))),
    spread_vs_nodemailer_pool: [round(Math.min(...ratio('nodemailer')), 2), round(Math.max(...ratio('nodemailer')), 2)],
  }
  const notes = [
    `ours: ${slots} messages in flight, a connection each; the others: ${connections}`,
    'every message of ours has its row, attempt, event and rollup committed; the others keep nothing',
  ]
  process.stdout.write(JSON.stringify({ bench: 'send', quick, figures, notes }) + '\n')
  process.exitCode = lost === 0 ? 0 : 1
} finally {
  await leave()
}
