import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { authenticate } from 'mailauth'
import { startEmbedded } from '#db/embedded.ts'
import { freePort } from '#db/embedded-process.ts'
import { migrate } from '#db/migrate.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { addProvider, changeChannels, changeProvider } from '#server/delivery/providers.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import { dispatchOnce } from '#server/dispatch/dispatcher.ts'
import { readBounceMailboxes } from '#server/feedback/bounce-mailboxes.ts'
import { processInbox } from '#server/feedback/hooks/process.ts'
import { createApp } from '#server/http/app.ts'
import { createLog } from '#server/log.ts'
import { addressHash } from '#server/suppression.ts'
import { readReturnPath } from '#server/verp.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink, type SmtpSink } from '#sim/smtp-sink.ts'
import { startMachine, whyNot } from './relays/machine.ts'
import { account, bounceAddress, openSmtpd, postfix, shopDomain, type RelayPorts } from './relays/servers.ts'

// One campaign through real mail servers that speak STARTTLS and ask for a password: does everything arrive as it was
// signed, and does what they report come back and close the right addresses?
const quick = process.argv.includes('--quick')
const size = quick ? 200 : 2_000
const say = (text: string): boolean => process.stderr.write(text + '\n')
const secret = 'a secret that only the relays bench uses, 32+ chars'

const reason = whyNot()
if (reason) {
  say(`Not run: ${reason}.`)
  process.stdout.write(JSON.stringify({ bench: 'relays', quick, skipped: reason, figures: {} }) + '\n')
  process.exit(0)
}

interface Verdict {
  messages: number
  arrived: number
  missing: number
  twice: number
  /** messages with a header that is not as it should be, or a signature that does not hold */
  wrong_headers: number
  dkim_failed: number
  expected_bounces: number
  bounced: number
  wrong_states: number
  dead_addresses: number
  suppressed: number
  wrong_suppressions: number
  per_second: number
  reports_back_s: number
}

/** What the next server says to a recipient, by the number in c<number>-tag@example.com. */
function answerTo(recipient: string): { kind: 'dead' | 'full' | 'policy' | 'fine'; reply: string } {
  const n = Number(/^c(\d+)-/.exec(recipient)?.[1] ?? -1) % 40
  if (n === 1) return { kind: 'dead', reply: '550 5.1.1 no such user here' }
  if (n === 2) return { kind: 'full', reply: '552 5.2.2 mailbox is full' }
  if (n === 3) return { kind: 'policy', reply: '554 5.7.1 we do not want this' }
  return { kind: 'fine', reply: '' }
}

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const dkimRecord = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`

async function dkimOf(raw: string): Promise<{ result: string; signed: string[] }> {
  const { dkim } = await authenticate(Buffer.from(raw, 'latin1'), {
    ip: '127.0.0.1',
    helo: `mail.${shopDomain}`,
    sender: `hello@${shopDomain}`,
    resolver: (name: string, type: string) =>
      name === `bench._domainkey.${shopDomain}` && type === 'TXT'
        ? Promise.resolve([[dkimRecord]])
        : Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })),
  } as never)
  const first = dkim.results[0] as { status: { result: string }; signingHeaders?: { keys?: string } } | undefined
  return {
    result: first?.status.result ?? 'none',
    signed: (first?.signingHeaders?.keys ?? '').split(':').map((name) => name.trim().toLowerCase()),
  }
}

function headersOf(raw: string): Map<string, string[]> {
  const block = raw.slice(0, raw.indexOf('\r\n\r\n')).replace(/\r\n(?=[ \t])/g, '')
  const found = new Map<string, string[]>()
  for (const line of block.split('\r\n')) {
    const name = line.slice(0, line.indexOf(':')).toLowerCase()
    found.set(name, [...(found.get(name) ?? []), line.slice(name.length + 1).trim()])
  }
  return found
}

/** What a receiver relies on; null when all is right, else what is not. */
function faultOf(raw: string, from: string, to: string, sendId: string, recipient: string): string | null {
  const headers = headersOf(raw)
  const one = (name: string): string | null => (headers.get(name)?.length === 1 ? headers.get(name)![0]! : null)
  if (one('message-id') !== `<${sendId}@${shopDomain}>`) return 'Message-ID'
  if (!/^<https?:\/\/[^<>\s]+\/u\/[\w-]{44}>$/.test(one('list-unsubscribe') ?? '')) return 'List-Unsubscribe'
  if (one('list-unsubscribe-post') !== 'List-Unsubscribe=One-Click') return 'List-Unsubscribe-Post'
  if (!one('list-id') || !one('feedback-id') || !one('date') || one('mime-version') !== '1.0')
    return 'List-Id and others'
  if (!one('from')?.includes(`<hello@${shopDomain}>`) || !one('to')?.includes(recipient)) return 'From or To'
  if (!headers.get('received')?.length) return 'Received: it did not come through the server'
  if (to !== recipient || readReturnPath(secret, from) !== sendId) return 'envelope'
  return null
}

async function judge(
  ctx: Ctx,
  sink: SmtpSink,
  campaignId: string,
  seconds: number,
  reportsS: number,
): Promise<Verdict> {
  const { rows } = await ctx.pool.query<{ id: string; recipient: string; status: string }>(
    'select s.id, s.recipient, s.status from sends as s where s.campaign_id = $1',
    [campaignId],
  )
  const { rows: closed } = await ctx.pool.query<{ hash: string; reason: string }>(
    `select encode(s.address_hash, 'hex') as hash, s.reason from suppressions as s`,
  )
  const shut = new Map(closed.map((c) => [c.hash, c.reason]))
  const bySend = new Map(sink.messages.map((m) => [m.sendId, m]))
  const verdict: Verdict = {
    messages: rows.length,
    arrived: bySend.size,
    missing: 0,
    twice: sink.messages.length - bySend.size,
    wrong_headers: 0,
    dkim_failed: 0,
    expected_bounces: 0,
    bounced: 0,
    wrong_states: 0,
    dead_addresses: 0,
    suppressed: 0,
    wrong_suppressions: 0,
    per_second: Math.round(rows.length / seconds),
    reports_back_s: Number(reportsS.toFixed(1)),
  }
  const faults = new Map<string, number>()
  for (const { id, recipient, status } of rows) {
    const { kind } = answerTo(recipient)
    const reason = shut.get(addressHash(ctx.config, 'email', recipient).toString('hex')) ?? null
    if (status === 'bounced') verdict.bounced += 1
    if (reason === 'hard_bounce') verdict.suppressed += 1
    if (kind === 'dead') verdict.dead_addresses += 1
    if ((reason === 'hard_bounce') !== (kind === 'dead')) verdict.wrong_suppressions += 1
    if (kind !== 'fine') {
      verdict.expected_bounces += 1
      if (status !== 'bounced') verdict.wrong_states += 1
      continue
    }
    if (status !== 'sent') verdict.wrong_states += 1
    const message = bySend.get(id)
    if (!message) {
      verdict.missing += 1
      continue
    }
    const fault = faultOf(message.raw, message.from, message.to, id, recipient)
    if (fault) {
      verdict.wrong_headers += 1
      faults.set(fault, (faults.get(fault) ?? 0) + 1)
    }
    const { result, signed } = await dkimOf(message.raw)
    if (result !== 'pass' || !signed.includes('list-unsubscribe') || !signed.includes('list-unsubscribe-post'))
      verdict.dkim_failed += 1
  }
  for (const [fault, n] of faults) say(`${n} messages: ${fault}`)
  return verdict
}

async function through(ctx: Ctx, base: string, name: 'postfix' | 'opensmtpd'): Promise<Verdict> {
  const sink = await startSmtpSink({
    keep: true,
    faults: {
      rcptReply: (to) => (['dead', 'full'].includes(answerTo(to).kind) ? answerTo(to).reply : null),
      dataReply: (to) => (answerTo(to).kind === 'policy' ? answerTo(to).reply : null),
    },
  })
  const [submission, imap, saslAuth] = [await freePort(), await freePort(), await freePort()]
  const hookPassword = 'password of the posted reports'
  const provider = await addProvider(ctx, systemActor, {
    kind: 'smtp',
    name: `the ${name}`,
    weight: 1,
    is_active: true,
    rate_per_minute: null,
    slots: null,
    config: {
      host: '127.0.0.1',
      port: submission,
      dkim_domain: shopDomain,
      dkim_selector: 'bench',
      bounce_address: bounceAddress,
      ...(name === 'postfix'
        ? { security: 'starttls', user: account.user, imap_host: '127.0.0.1', imap_port: imap, imap_user: account.user }
        : { security: 'maybe' }),
    },
    secrets: {
      dkim_private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      ...(name === 'postfix'
        ? { password: account.password, imap_password: account.password }
        : { webhook_password: hookPassword }),
    },
  } as Parameters<typeof addProvider>[2])
  const ports: RelayPorts = {
    submission,
    next: sink.port,
    imap,
    saslAuth,
    hook: `${base}/hooks/providers/smtp/${provider.id}`,
    hookPassword,
  }
  const machine = startMachine(name === 'postfix' ? postfix(ports) : openSmtpd(ports))
  try {
    await greeted(submission, machine)
    await changeChannels(ctx, systemActor, { email: { mode: 'live' } })
    const { campaignId } = await simCampaign(ctx.pool, size, new Date())
    const began = Date.now()
    const { counts } = await dispatchOnce(ctx, { campaignId, patienceMs: 30_000 })
    const seconds = (Date.now() - began) / 1000
    say(`${name}: handed over in ${seconds.toFixed(1)} s: ${JSON.stringify(counts)}`)
    const expected = expectedBounces()
    const signal = new AbortController().signal
    let bounced = 0
    const handed = Date.now()
    while (Date.now() - handed < 300_000) {
      await readBounceMailboxes(ctx, signal)
      await processInbox(ctx)
      const { rows } = await ctx.pool.query<{ n: number }>(
        `select count(*) as n from sends as s where s.campaign_id = $1 and s.status = 'bounced'`,
        [campaignId],
      )
      bounced = rows[0]!.n
      if (bounced >= expected && sink.copies.size >= size - expected) break
      if (!machine.isRunning()) throw new Error(`${name} ended: ${machine.said()}`)
      await sleep(200)
    }
    const verdict = await judge(ctx, sink, campaignId, seconds, (Date.now() - handed) / 1000)
    if (verdict.missing + verdict.wrong_states > 0) say(machine.said().slice(-3000))
    return verdict
  } finally {
    await changeProvider(ctx, systemActor, provider.id, { is_active: false }).catch(() => undefined)
    await machine.stop()
    await sink.close()
  }
}

const expectedBounces = (): number => {
  let n = 0
  for (let i = 1; i <= size; i++) if (answerTo(`c${i}-x@example.com`).kind !== 'fine') n += 1
  return n
}

async function greeted(port: number, machine: ReturnType<typeof startMachine>): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 100) {
    if (!machine.isRunning()) throw new Error(`the server did not start: ${machine.said()}`)
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('data', () => (socket.end('QUIT\r\n'), resolve(true)))
      socket.once('error', () => resolve(false))
      socket.setTimeout(2000, () => (socket.destroy(), resolve(false)))
    })
    if (isUp) return
    await sleep(100)
  }
  throw new Error(`the server does not greet: ${machine.said()}`)
}

const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-relays-'))
const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined } })
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void server.stop().then(() => process.exit(1)))
try {
  await migrate(server.url)
  const ctx = createContext(
    {
      ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret, LMA_PRIVATE_ADDRESSES: 'mail' }),
      databaseUrl: server.url,
    },
    server.url,
    { log: createLog(process.env['LOG_LEVEL'] ?? 'error') },
  )
  await seedTemplates(ctx)
  const app = await createApp(ctx)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const figures: Record<string, Verdict> = {}
  for (const name of ['postfix', 'opensmtpd'] as const) {
    figures[name] = await through(ctx, base, name)
    say(`${name}: ${JSON.stringify(figures[name])}`)
  }
  await app.close()
  await closeContext(ctx)
  const isRight = (v: Verdict): boolean =>
    v.missing + v.twice + v.wrong_headers + v.dkim_failed + v.wrong_states + v.wrong_suppressions === 0
  process.stdout.write(JSON.stringify({ bench: 'relays', quick, figures }) + '\n')
  process.exitCode = Object.values(figures).every(isRight) ? 0 : 1
} finally {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
