import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SmsHttpConfig } from '#core/delivery/providers/sms.ts'
import { testApp, type TestApp } from '#test/app.ts'
import { mail, text } from '#test/outgoing.ts'
import { createSmsHttp } from './adapters/channels/sms-http.ts'
import { createSmtp } from './adapters/channels/smtp.ts'
import { createHookPoster } from './adapters/hook-poster.ts'
import { createOpenAiLlm } from './adapters/llm-openai.ts'
import { createImapMailboxes } from './adapters/mailbox-imap.ts'
import { createNet, ForbiddenAddress, type Resolve } from './adapters/net.ts'
import { isForbiddenAddress, isPublicAddress } from './outbound-address.ts'

let t: TestApp
let port = 0
let asked = 0
// Whoever gets here got past the guard.
const canary = createServer((socket) => {
  asked += 1
  socket.destroy()
})
beforeAll(async () => {
  t = await testApp()
  Object.assign(t.ctx.config, { privateAddresses: new Set() })
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  port = (canary.address() as AddressInfo).port
})
afterAll(() => void canary.close())

/** Hosts that are this machine, its network, or a metadata service, as people have tried to smuggle them past guards. */
const addresses = `
  127.0.0.1 127.0.0.2 127.1 127.0.1 127.255.255.254 2130706433 0x7f000001 0x7f.1 0x7f.0x0.0x0.0x1 0177.0.0.1 0177.1
  017700000001 0x7F.0.0.01 127.0.0.1. 0 0.0.0.0 0x0 00000.0 %31%32%37.0.0.1 127%2e0%2e0%2e1 ①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1
  ⓛocalhost localhost localhost. LOCALHOST foo.localhost localhost.localdomain printer.local db.internal metadata
  metadata.google.internal wiki.intranet nas.lan router.home.arpa
  [::1] [0:0:0:0:0:0:0:1] [::] [0000::1] [::127.0.0.1] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1]
  [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1]
  [2001:0:7f00:1::] [::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [fe80::1] [febf::1] [fec0::1] [fc00::1] [fd12:3456::1]
  [fd00:ec2::254] [ff02::1] [100::1] [2001:db8::1] [3fff::1] [5f00::1]
  10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255 169.254.169.254 0xa9fea9fe 2852039166
  169.254.170.2 100.64.0.1 100.127.255.255 100.100.100.200 192.0.0.192 192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.7
  203.0.113.9 192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255`
  .trim()
  .split(/\s+/)

/** Whole addresses that hide where they go, or speak another protocol. */
const hidden = [
  'https://example.com@127.0.0.1:PORT/',
  'https://127.0.0.1:PORT#@example.com/',
  'https://example.com%2f@127.0.0.1:PORT/',
  'https:\\\\127.0.0.1:PORT\\',
  'https:127.0.0.1:PORT',
  'https:////127.0.0.1:PORT/',
  '\thttps://127.0.0.1:PORT/',
  'ht\ntps://127.0.0.1:PORT/',
  'https://127.0.0\n.1:PORT/',
  'gopher://127.0.0.1:PORT/_x',
  'file:///etc/passwd',
  'ftp://127.0.0.1:PORT/',
  'dict://127.0.0.1:PORT/stat',
  'ws://127.0.0.1:PORT/',
  'data:text/plain,x',
  'javascript:alert(1)',
  '//127.0.0.1:PORT/',
  '127.0.0.1:PORT',
]

/** Names that look public and lead home; only whoever resolves them can know. */
const names: Record<string, string[]> = {
  'localtest.example.com': ['127.0.0.1'],
  '127.0.0.1.wildcard.example.com': ['127.0.0.1'],
  'six.example.com': ['::1'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'zero.example.com': ['0.0.0.0'],
  'metadata.example.com': ['169.254.169.254'],
  'inside.example.com': ['10.0.0.7'],
  'both.example.com': ['8.8.8.8', '127.0.0.1'],
  'zone.example.com': ['fe80::1%lo'],
  'nonsense.example.com': ['not an address'],
}
const resolve: Resolve = (host, _options, answer) => {
  const found = names[host.replace(/\.$/, '')]
  answer(
    found ? null : Object.assign(new Error('not found'), { code: 'ENOTFOUND' }),
    (found ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
}

const urls = (): string[] => [
  ...[...addresses, ...Object.keys(names)].flatMap((host) => [`https://${host}:${port}/`, `http://${host}:${port}/`]),
  ...hidden.map((url) => url.replace('PORT', String(port))),
]
const soon = (): AbortSignal => AbortSignal.timeout(5000)
const messages = { messages: [], schema: { name: 'x', schema: {} }, maxOutputTokens: 1, timeoutMs: 5000 }

/** One try through each way out, as if the address stood in the settings already. Words of what came of it. */
function waysOut(allowPrivate: boolean) {
  const net = createNet({ allowPrivate, resolve })
  const poster = createHookPoster({ resolve })
  const llm = createOpenAiLlm({ firstWaitMs: 1, resolve })
  const mailboxes = createImapMailboxes({ resolve })
  return {
    async url(url: string): Promise<string[]> {
      const config = {
        ...SmsHttpConfig.parse({ url: 'https://sms.example.com', from: '+15185550134', auth: 'none' }),
        url,
      }
      const [post, sms, model] = await Promise.all([
        poster.post({ url, headers: {}, body: '{}', timeoutMs: 5000, allowPrivate }),
        createSmsHttp('sms', config, net).send(text(), soon()),
        llm.ask({ baseUrl: url, apiKey: null, model: 'm', allowPrivate }, { ...messages, signal: soon() }),
      ])
      return [post.kind, sms.kind, model.kind]
    },
    async host(host: string): Promise<string[]> {
      const smtp = createSmtp(
        {
          host,
          port,
          secure: false,
          requireTls: false,
          user: null,
          pass: null,
          connections: 1,
          connectTimeoutMs: 2000,
        },
        net,
      )
      const sent = await smtp.send(mail(), soon())
      await smtp.close()
      const read = await mailboxes
        .readUnread({ host, port, user: 'u', password: 'p', allowPrivate }, () => Promise.resolve('read'), soon())
        .then(
          () => 'read',
          () => 'refused',
        )
      return [sent.kind, read]
    },
  }
}

test('no way out leads to this machine, its network or a metadata service, however it is written', async () => {
  const all = urls()
  expect(all.length).toBeGreaterThan(200)
  const { url, host } = waysOut(false)
  for (const one of all)
    expect.soft(await url(one), one).toEqual(['forbidden', expect.stringMatching(/deferred|unknown/), 'failed'])
  for (const one of [...addresses, ...Object.keys(names)])
    for (const written of new Set([one, one.replace(/^\[|\]$/g, '')]))
      expect.soft(await host(written), written).toEqual(['deferred', 'refused'])
  expect(asked).toBe(0)
  process.stdout.write(
    `${all.length} addresses and ${addresses.length + Object.keys(names).length} hosts, 5 ways out, ${asked} connections\n`,
  )
})

test('with the own network open the same addresses are asked, so it was the guard that spoke', async () => {
  const before = asked
  const { url, host } = waysOut(true)
  await url(`http://127.0.0.1:${port}/`)
  expect(asked - before).toBeGreaterThanOrEqual(3)
  await url(`http://localtest.example.com:${port}/`)
  await host('127.0.0.1')
  await host('localtest.example.com')
  expect(asked - before).toBeGreaterThanOrEqual(9)
  // Metadata services stay closed.
  expect(await url('http://169.254.169.254/latest/meta-data')).toEqual(['forbidden', 'deferred', 'failed'])
  expect(await url('http://[::ffff:a9fe:a9fe]/')).toEqual(['forbidden', 'deferred', 'failed'])
  expect(await url('http://metadata.example.com/')).toEqual(['forbidden', 'deferred', 'failed'])
})

test('a redirect is an answer, not a way', async () => {
  const before = asked
  const redirector = createHttpServer((request, response) => {
    request.resume()
    response.writeHead(307, { location: `http://127.0.0.1:${port}/` }).end()
  })
  await new Promise<void>((done) => redirector.listen(0, '127.0.0.1', done))
  const at = `http://127.0.0.1:${(redirector.address() as AddressInfo).port}/`
  expect(await waysOut(true).url(at)).toEqual(['answered', 'deferred', 'failed'])
  expect(asked).toBe(before)
  redirector.close()
  redirector.closeAllConnections()
})

test('a name that changes its mind is resolved once, and what was judged is what is dialled', async () => {
  let turn = 0
  const rebinding = createNet({
    allowPrivate: false,
    resolve: (_host, _options, answer) =>
      answer(null, [turn++ % 2 === 0 ? { address: '8.8.8.8', family: 4 } : { address: '127.0.0.1', family: 4 }]),
  })
  expect(await rebinding.addressOf('rebind.example.com')).toBe('8.8.8.8')
  expect(turn).toBe(1)
  await expect(rebinding.addressOf('rebind.example.com')).rejects.toThrow(ForbiddenAddress)
})

test('the same addresses are refused when they are saved, beside their field', async () => {
  const admin = t.as('admin')
  const refused = async (method: 'POST' | 'PATCH', url: string, payload: object, path: string): Promise<string> => {
    const answer = await admin({ method, url: `/api/v1${url}`, payload })
    return `${answer.statusCode} ${answer.json().errors?.[0]?.path === path}`
  }
  const smtp = { host: 'smtp.example.com' }
  const imap = { imap_user: 'u', bounce_address: 'b@shop.com' }
  const providers = '/settings/channels/providers'
  const faults: string[] = []
  const expected = '400 true'
  for (const url of [
    ...addresses.map((host) => `https://${host}:${port}/`),
    ...hidden.map((h) => h.replace('PORT', String(port))),
  ]) {
    const got = await Promise.all([
      refused('POST', '/webhooks', { name: 'x', url, events: ['campaign.started'] }, 'url'),
      refused('PATCH', '/settings/llm', { base_url: url }, 'base_url'),
      refused(
        'POST',
        providers,
        { kind: 'sms_http', config: { url, from: '12345', auth: 'none' }, secrets: {} },
        'config.url',
      ),
      refused(
        'POST',
        providers,
        { kind: 'resend', config: { base_url: url }, secrets: { api_key: 'k' } },
        'config.base_url',
      ),
    ])
    if (got.some((g) => g !== expected)) faults.push(`${url} ${got.join(', ')}`)
  }
  for (const host of addresses) {
    const got = await Promise.all([
      refused('POST', providers, { kind: 'smtp', config: { host }, secrets: {} }, 'config.host'),
      refused(
        'POST',
        providers,
        { kind: 'smtp', config: { ...smtp, ...imap, imap_host: host }, secrets: { imap_password: 'p' } },
        'config.imap_host',
      ),
    ])
    if (got.some((g) => g !== expected)) faults.push(`${host} ${got.join(', ')}`)
  }
  expect(faults).toEqual([])
  expect((await admin({ method: 'GET', url: '/api/v1/settings/channels' })).json().providers).toEqual([])
})

test.each([
  ['8.8.8.8', true, false],
  ['2606:4700::1111', true, false],
  ['::ffff:8.8.8.8', true, false],
  ['127.0.0.1', false, false],
  ['::1', false, false],
  ['fe80::1%eth0', false, true],
  ['::ffff:a9fe:a9fe', false, true],
  ['64:ff9b::a9fe:a9fe', false, true],
  ['2002:a9fe:a9fe::', false, true],
  ['nothing', false, false],
])('%s is public: %s, closed to all: %s', (address, isPublic, isForbidden) => {
  expect([isPublicAddress(address), isForbiddenAddress(address)]).toEqual([isPublic, isForbidden])
})
