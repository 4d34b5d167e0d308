import { generateKeyPairSync } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { startSmtpServer, type Phase, type SmtpServer, type SmtpSettings } from '#sim/providers/smtp.ts'
import { mail, never } from '#test/outgoing.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import { createDkimSigner } from './dkim.ts'
import { createSmtp, type SmtpOptions } from './smtp.ts'
import { createNet } from '../net.ts'

const net = createNet({ allowPrivate: true })

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((o) => o.close()))
})

async function against(
  settings: Partial<SmtpSettings>,
  options: Partial<SmtpOptions> = {},
  server: { host?: string; certificateDays?: number } = {},
): Promise<{ server: SmtpServer; channel: Channel; send: (to?: string) => Promise<Outcome> }> {
  const started = await startSmtpServer(settings, server)
  open.push(started)
  const channel = createSmtp(
    {
      host: started.host,
      port: started.port,
      secure: false,
      requireTls: false,
      user: null,
      pass: null,
      connections: 2,
      connectTimeoutMs: 1500,
      replyTimeoutMs: 1500,
      ...options,
    },
    net,
  )
  open.push(channel)
  let n = 0
  const send = (to = 'ann@example.com'): Promise<Outcome> => {
    n += 1
    return channel.send(
      mail({ sendId: `0192f0c1-2345-7abc-8def-${String(n).padStart(12, '0')}`, recipient: to }),
      never,
    )
  }
  return { server: started, channel, send }
}

test('STARTTLS when it is offered, required when it is said, from the first byte when it is meant', async () => {
  const offered = await against({ tls: 'starttls' })
  expect(await offered.send()).toMatchObject({ kind: 'accepted' })
  expect(offered.server.taken[0]!.isEncrypted).toBe(true)
  const missing = await against({ tls: 'none' }, { requireTls: true })
  expect(await missing.send()).toMatchObject({ kind: 'deferred', unreachable: true })
  expect(missing.server.taken).toHaveLength(0)
  const implicit = await against({ tls: 'implicit' }, { secure: true })
  expect(await implicit.send()).toMatchObject({ kind: 'accepted' })
  expect(implicit.server.taken[0]!.isEncrypted).toBe(true)
})

test('a certificate that nobody vouches for, or that has expired, ends it before a byte of the message', async () => {
  // Only this machine's own names are taken without a check; 127.0.0.2 is none of them.
  for (const certificateDays of [30, 0]) {
    const strange = await against({ tls: 'implicit' }, { secure: true }, { host: '127.0.0.2', certificateDays })
    expect(await strange.send()).toMatchObject({ kind: 'deferred', unreachable: true })
    expect(strange.server.taken).toHaveLength(0)
  }
})

test('user and password: right ones get in, wrong ones are our set-up and cost no message', async () => {
  const users = new Map([['shop', 'p@ss word']])
  const right = await against({ users, tls: 'starttls' }, { user: 'shop', pass: 'p@ss word', requireTls: true })
  expect(await right.send()).toMatchObject({ kind: 'accepted' })
  expect(right.server.taken[0]).toMatchObject({ user: 'shop', isEncrypted: true })
  const wrong = await against({ users }, { user: 'shop', pass: 'no' })
  expect(await wrong.send()).toMatchObject({ kind: 'deferred', code: 'smtp.535', unreachable: true })
})

test.each(['banner', 'ehlo', 'mail', 'rcpt', 'data'] as Phase[])(
  'a cut at %s is known not to have been sent',
  async (dropAt) => {
    const { server, send } = await against({ dropAt })
    expect(await send()).toMatchObject({ kind: 'deferred', unreachable: true })
    expect(server.taken).toHaveLength(0)
    server.settings.dropAt = null
    expect(await send()).toMatchObject({ kind: 'accepted' })
  },
)

test('a cut after the final dot is unknown, and was taken', async () => {
  const { server, send } = await against({ dropAt: 'dot' })
  expect(await send()).toMatchObject({ kind: 'unknown' })
  expect(server.taken).toHaveLength(1)
})

test('greylisting, a domain’s limit and a full mailbox are delays or soft; the second try gets through', async () => {
  const { send, server } = await against({ greylistMs: 50 })
  expect(await send()).toMatchObject({ kind: 'deferred', code: 'smtp.451' })
  await new Promise((resolve) => setTimeout(resolve, 80))
  expect(await send()).toMatchObject({ kind: 'accepted' })
  server.settings.greylistMs = null
  server.settings.perDomainPerSecond = 0
  expect(await send()).toMatchObject({ kind: 'deferred', code: 'smtp.450' })
  server.settings.perDomainPerSecond = null
  expect(await send('soft+x@example.com')).toMatchObject({ kind: 'rejected', code: '5.2.2', suppress: false })
  expect(await send('bounce+x@example.com')).toMatchObject({ kind: 'rejected', code: '5.1.1', suppress: true })
  server.settings.size = 100
  expect(await send()).toMatchObject({
    kind: 'rejected',
    code: expect.stringMatching(/^(smtp\.size|5\.3\.4)$/) as string,
  })
})

test('a server that has enough of a connection gets a new one, and no message is lost', async () => {
  const { server, send } = await against({ messagesPerConnection: 3 })
  const outcomes = []
  for (let i = 0; i < 10; i++) outcomes.push(await send())
  expect(outcomes.every((o) => o.kind === 'accepted')).toBe(true)
  expect(server.taken).toHaveLength(10)
  expect(server.connections).toBeGreaterThanOrEqual(4)
})

test('one that only says so when it is offered the next message is understood, too', async () => {
  const { server, send } = await against({ mailsPerConnection: 3 })
  const outcomes = []
  for (let i = 0; i < 10; i++) outcomes.push(await send())
  expect(outcomes.every((o) => o.kind === 'accepted')).toBe(true)
  expect(server.taken).toHaveLength(10)
  expect(server.connections).toBe(4)
  // Said to the first message of a connection it is an answer.
  const full = await against({ mailsPerConnection: 0 })
  expect(await full.send()).toMatchObject({ kind: 'deferred', code: 'smtp.452' })
  expect(full.server.connections).toBe(1)
})

test('a tarpit that is slower than our patience is no server', async () => {
  const { send, server } = await against({ delayMs: 4000 })
  expect(await send()).toMatchObject({ kind: 'deferred', unreachable: true })
  expect(server.taken).toHaveLength(0)
})

test('what leaves is signed in front, byte for byte behind, from a return path of its own', async () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const dkim = createDkimSigner({
    domain: 'shop.test',
    selector: 's1',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  })
  const { server, send } = await against({}, { dkim, returnPath: (id) => `bounces+${id}@shop.test` })
  await send()
  const [taken] = server.taken
  expect(taken!.from).toBe('bounces+0192f0c1-2345-7abc-8def-000000000001@shop.test')
  expect(taken!.raw).toMatch(/^DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed\/relaxed; d=shop\.test; s=s1;/)
  const bare = (raw: string): string => raw.replace(/(\r\n)+$/, '')
  expect(bare(taken!.raw.slice(taken!.raw.indexOf('\r\nFrom: ') + 2))).toBe(
    bare(mail({ sendId: '0192f0c1-2345-7abc-8def-000000000001' }).mime()),
  )
})
