import { generateKeyPairSync } from 'node:crypto'
import { GetAccountCommand, SendEmailCommand, SESv2Client } from '@aws-sdk/client-sesv2'
import sendgridClient from '@sendgrid/client'
import sendgridMail from '@sendgrid/mail'
import { authenticate } from 'mailauth'
import Mailgun from 'mailgun.js'
import { ServerClient } from 'postmark'
import { Resend } from 'resend'
import twilio from 'twilio'
import { afterAll, expect, test } from 'vitest'
import type { SimRequest, Simulator } from '#sim/providers/base.ts'
import { startMailgun } from '#sim/providers/mailgun.ts'
import { startPostmark } from '#sim/providers/postmark.ts'
import { startResend } from '#sim/providers/resend.ts'
import { startSendgrid } from '#sim/providers/sendgrid.ts'
import { startSes } from '#sim/providers/ses.ts'
import { startTwilio } from '#sim/providers/twilio.ts'
import { mail, never, text } from '#test/outgoing.ts'
import { createDkimSigner } from './dkim.ts'
import { createMailgun } from './mailgun.ts'
import { createPostmark } from './postmark.ts'
import { createResend } from './resend.ts'
import { createSendgrid } from './sendgrid.ts'
import { createSes } from './ses.ts'
import { createTwilio } from './twilio.ts'
import { createNet } from '../net.ts'

const net = createNet({ allowPrivate: true })

// The official libraries say the same thing to the same simulator: what differs is the boundary and who they say they are.
const open: Simulator[] = []
afterAll(async () => {
  await Promise.all(open.map((s) => s.close()))
})
const opened = async <S extends Simulator>(sim: Promise<S>): Promise<S> => {
  open.push(await sim)
  return sim
}

const transport =
  /^(user-agent|accept|accept-.*|connection|content-length|host|sec-fetch-mode|x-amz-user-agent|amz-sdk-.*|x-amz-date|authorization)$/

/** A request as it counts: method, address, headers that carry meaning, and every byte of the body but the boundary. */
function wire(request: SimRequest): unknown {
  const boundary = /boundary=(.+)$/.exec(request.headers['content-type'] ?? '')?.[1]
  const cut = (value: string): string => (boundary ? value.replaceAll(boundary, 'BOUNDARY') : value)
  const { authorization } = request.headers
  return {
    method: request.method,
    path: request.path,
    query: [...request.query],
    headers: Object.fromEntries(
      Object.entries(request.headers)
        .filter(([name]) => !transport.test(name))
        .map(([name, value]) => [name, cut(String(value))]),
    ),
    // A SigV4 signature covers the date and who one says one is; the simulator has checked it.
    authorization: authorization?.startsWith('AWS4')
      ? authorization.replace(/\/\d{8}\//, '/DAY/').replace(/SignedHeaders.*/, '')
      : authorization,
    body: cut(request.raw.toString('latin1')),
  }
}

function sameWire(sim: Simulator): void {
  const [theirs, ours] = sim.requests.slice(-2)
  expect(wire(ours!)).toEqual(wire(theirs!))
}

test('Mailgun: bytes as mailgun.js sends them', async () => {
  const sim = await opened(startMailgun())
  const message = mail()
  const sdk = new Mailgun(FormData).client({ username: 'api', key: sim.apiKey, url: sim.url })
  await sdk.messages.create(sim.domain, {
    to: [message.recipient],
    message: message.mime(),
    'v:send_id': message.sendId,
    'o:tracking': 'no',
  })
  const ours = createMailgun(
    'mailgun',
    {
      domain: sim.domain,
      api_key: sim.apiKey,
      region: 'us',
      base_url: sim.url,
      webhook_signing_key: null,
      webhook_signing_key_previous: null,
    },
    net,
  )
  expect(await ours.send(message, never)).toMatchObject({ kind: 'accepted' })
  sameWire(sim)
  // What arrived is the message byte for byte.
  expect(sim.taken.map((t) => t.detail['mime'])).toEqual([message.mime(), message.mime()])
})

test('SendGrid: bytes as @sendgrid/mail sends them', async () => {
  const sim = await opened(startSendgrid())
  const message = mail()
  sendgridClient.setApiKey(sim.apiKey)
  sendgridClient.setDefaultRequest('baseUrl', `${sim.url}/`)
  sendgridMail.setClient(sendgridClient)
  await sendgridMail.send({
    to: message.recipient,
    from: { email: message.sender, name: message.senderName },
    replyTo: message.replyTo!,
    subject: message.subject!,
    text: message.text(),
    html: message.html()!,
    headers: Object.fromEntries([...message.headers, ['Message-ID', message.messageId]]) as Record<string, string>,
    customArgs: { send_id: message.sendId },
    trackingSettings: {
      clickTracking: { enable: false, enableText: false },
      openTracking: { enable: false },
      subscriptionTracking: { enable: false },
    },
  })
  const ours = createSendgrid(
    'sendgrid',
    {
      api_key: sim.apiKey,
      region: 'global',
      base_url: sim.url,
      webhook_public_key: null,
      webhook_public_key_previous: null,
    },
    net,
  )
  expect(await ours.send(message, never)).toMatchObject({ kind: 'accepted', providerMessageId: expect.any(String) })
  // The library copies the message's headers onto its own HTTP request as well; that is no part of the API.
  const theirs = sim.requests.at(-2)!
  for (const [name] of [...message.headers, ['Message-ID']]) delete theirs.headers[String(name).toLowerCase()]
  sameWire(sim)
})

test('Postmark: bytes as postmark sends them', async () => {
  const sim = await opened(startPostmark())
  const message = mail()
  await new ServerClient(sim.token, { useHttps: false, requestHost: sim.url.replace('http://', '') }).sendEmail({
    From: 'Corner Cellars <hello@shop.test>',
    To: message.recipient,
    Subject: message.subject!,
    HtmlBody: message.html()!,
    TextBody: message.text(),
    ReplyTo: message.replyTo!,
    Headers: [...message.headers, ['Message-ID', message.messageId]].map(([Name, Value]) => ({
      Name: Name!,
      Value: Value!,
    })),
    Metadata: { send_id: message.sendId },
    MessageStream: 'broadcast',
    TrackOpens: false,
    TrackLinks: 'None' as never,
  })
  const ours = createPostmark(
    'postmark',
    {
      server_token: sim.token,
      message_stream: 'broadcast',
      webhook_user: 'postmark',
      webhook_password: null,
      webhook_password_previous: null,
      base_url: sim.url,
    },
    net,
  )
  expect(await ours.send(message, never)).toMatchObject({ kind: 'accepted' })
  sameWire(sim)
})

test('Resend: bytes as resend sends them', async () => {
  const sim = await opened(startResend())
  const message = mail()
  const answer = await new Resend(sim.apiKey, { baseUrl: sim.url }).emails.send(
    {
      from: 'Corner Cellars <hello@shop.test>',
      to: [message.recipient],
      subject: message.subject!,
      html: message.html()!,
      text: message.text(),
      replyTo: message.replyTo!,
      headers: Object.fromEntries([...message.headers, ['Message-ID', message.messageId]]) as Record<string, string>,
      tags: [{ name: 'send_id', value: message.sendId }],
    },
    { idempotencyKey: message.sendId },
  )
  const ours = createResend(
    'resend',
    {
      api_key: sim.apiKey,
      webhook_secret: null,
      webhook_secret_previous: null,
      base_url: sim.url,
    },
    net,
  )
  // The same key and the same bytes: the simulator takes it for the repeat that it is.
  expect(await ours.send(message, never)).toEqual({ kind: 'accepted', providerMessageId: answer.data!.id })
  expect(sim.taken).toHaveLength(1)
  sameWire(sim)
})

test('Amazon SES: the same request as its SDK, both with a signature that holds', async () => {
  const sim = await opened(startSes())
  const message = mail()
  const sdk = new SESv2Client({
    region: sim.region,
    endpoint: sim.url,
    credentials: { accessKeyId: sim.accessKeyId, secretAccessKey: sim.secretAccessKey },
    maxAttempts: 1,
  })
  expect((await sdk.send(new GetAccountCommand({}))).SendQuota?.MaxSendRate).toBe(14)
  await sdk.send(
    new SendEmailCommand({
      FromEmailAddress: message.sender,
      Destination: { ToAddresses: [message.recipient] },
      Content: { Raw: { Data: Buffer.from(message.mime(), 'latin1') } },
      EmailTags: [{ Name: 'send_id', Value: message.sendId }],
      ConfigurationSetName: 'offers',
    }),
  )
  const config = {
    region: sim.region,
    access_key_id: sim.accessKeyId,
    secret_access_key: sim.secretAccessKey,
    configuration_set: 'offers',
    topic_arn: null,
    base_url: sim.url,
  }
  expect(await createSes('ses', config, net).send(message, never)).toMatchObject({ kind: 'accepted' })
  sameWire(sim)
  const wrong = createSes('ses', { ...config, secret_access_key: 'another' }, net)
  expect(await wrong.send(message, never)).toMatchObject({
    kind: 'deferred',
    code: 'InvalidSignatureException',
    unreachable: true,
  })
})

test('Twilio: bytes as its library sends them', async () => {
  const sim = await opened(startTwilio())
  const message = text()
  const callback = 'https://lma.example.com/hooks/providers/twilio/1'
  const httpClient = new twilio.RequestClient()
  const request = httpClient.request.bind(httpClient)
  httpClient.request = (options) => request({ ...options, uri: options.uri.replace('https://api.twilio.com', sim.url) })
  await twilio(sim.accountSid, sim.authToken, { httpClient }).messages.create({
    to: message.recipient,
    from: '+15005550006',
    body: message.text(),
    statusCallback: `${callback}?send_id=${message.sendId}`,
    validityPeriod: 14_400,
  })
  const ours = createTwilio(
    'twilio',
    {
      account_sid: sim.accountSid,
      auth_token: sim.authToken,
      auth_token_previous: null,
      from: '+15005550006',
      messaging_service_sid: null,
      base_url: sim.url,
    },
    callback,
    net,
  )
  expect(await ours.send(message, never)).toMatchObject({ kind: 'accepted' })
  sameWire(sim)
})

test.each(['rsa', 'ed25519'] as const)(
  'DKIM by %s holds for mailauth, with both unsubscribe headers signed; one changed letter breaks it',
  async (type) => {
    const { privateKey, publicKey } =
      type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519')
    const der = publicKey.export({ type: 'spki', format: 'der' })
    const record = `v=DKIM1; k=${type}; p=${(type === 'rsa' ? der : der.subarray(-32)).toString('base64')}`
    const sign = createDkimSigner({
      domain: 'shop.test',
      selector: 's2026',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    })
    const signed = sign(mail().mime(), new Date())
    const verify = async (message: string): Promise<{ result: string; headers: string }> => {
      const { dkim } = await authenticate(Buffer.from(message, 'latin1'), {
        ip: '203.0.113.1',
        helo: 'mail.shop.test',
        sender: 'hello@shop.test',
        resolver: (name: string, rr: string) =>
          name === 's2026._domainkey.shop.test' && rr === 'TXT'
            ? Promise.resolve([[record]])
            : Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' })),
      } as never)
      const found = dkim.results[0] as { status: { result: string }; signingHeaders?: { keys?: string } } | undefined
      return { result: found?.status.result ?? 'none', headers: found?.signingHeaders?.keys ?? '' }
    }
    const good = await verify(signed)
    expect(good.result).toBe('pass')
    expect(/h=([^;]+);/.exec(signed)![1]).toMatch(/list-unsubscribe:list-unsubscribe-post/)
    // On the way blanks may be folded and added at line ends; that is what relaxed means.
    expect((await verify(signed.replace('X-Send-Id: ', 'X-Send-Id:   ').replace('rye\r\n', 'rye  \r\n'))).result).toBe(
      'pass',
    )
    for (const [from, to] of [
      ['/u/AwGS', '/u/BwGS'],
      ['=One-Click', '=One-Clack'],
      ['leading dot', 'leading  Dot'],
      ['To: ann@', 'To: bob@'],
    ] as const)
      expect((await verify(signed.replace(from, to))).result).not.toBe('pass')
    expect((await verify(signed.replace('\r\nTo:', '\r\nSubject: another\r\nTo:'))).result).not.toBe('pass')
  },
)
