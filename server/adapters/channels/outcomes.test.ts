import { createServer, type AddressInfo } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import type { Simulator } from '#sim/providers/base.ts'
import { startMailgun } from '#sim/providers/mailgun.ts'
import { startPostmark } from '#sim/providers/postmark.ts'
import { startResend } from '#sim/providers/resend.ts'
import { startSendgrid } from '#sim/providers/sendgrid.ts'
import { startSes } from '#sim/providers/ses.ts'
import { startSmsGateway } from '#sim/providers/sms-gateway.ts'
import { startTwilio } from '#sim/providers/twilio.ts'
import { mail, text } from '#test/outgoing.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import { SmsHttpConfig } from '#core/delivery/providers/sms.ts'
import { createMailgun } from './mailgun.ts'
import { createPostmark } from './postmark.ts'
import { createResend } from './resend.ts'
import { createSendgrid } from './sendgrid.ts'
import { createSes } from './ses.ts'
import { createSmsHttp } from './sms-http.ts'
import { createTwilio } from './twilio.ts'
import { createNet } from '../net.ts'

const net = createNet({ allowPrivate: true })

const previous = null
const mailgun = await startMailgun()
const sendgrid = await startSendgrid()
const postmark = await startPostmark()
const ses = await startSes()
const resend = await startResend()
const twilio = await startTwilio()
const gateway = await startSmsGateway()
afterAll(async () => {
  await Promise.all([mailgun, sendgrid, postmark, ses, resend, twilio, gateway].map((s) => s.close()))
})

const make: Record<string, (url: string) => Channel> = {
  mailgun: (base_url) =>
    createMailgun(
      'mailgun',
      {
        domain: mailgun.domain,
        api_key: mailgun.apiKey,
        region: 'us',
        base_url,
        webhook_signing_key: null,
        webhook_signing_key_previous: previous,
      },
      net,
    ),
  sendgrid: (base_url) =>
    createSendgrid(
      'sendgrid',
      {
        api_key: sendgrid.apiKey,
        region: 'global',
        base_url,
        webhook_public_key: null,
        webhook_public_key_previous: previous,
      },
      net,
    ),
  postmark: (base_url) =>
    createPostmark(
      'postmark',
      {
        server_token: postmark.token,
        message_stream: 'broadcast',
        webhook_user: 'x',
        webhook_password: null,
        webhook_password_previous: previous,
        base_url,
      },
      net,
    ),
  ses: (base_url) =>
    createSes(
      'ses',
      {
        region: ses.region,
        access_key_id: ses.accessKeyId,
        secret_access_key: ses.secretAccessKey,
        configuration_set: null,
        topic_arn: null,
        base_url,
      },
      net,
    ),
  resend: (base_url) =>
    createResend(
      'resend',
      {
        api_key: resend.apiKey,
        webhook_secret: null,
        webhook_secret_previous: previous,
        base_url,
      },
      net,
    ),
  twilio: (base_url) =>
    createTwilio(
      'twilio',
      {
        account_sid: twilio.accountSid,
        auth_token: twilio.authToken,
        auth_token_previous: previous,
        from: '+15005550006',
        messaging_service_sid: null,
        base_url,
      },
      'http://127.0.0.1:1/hook',
      net,
    ),
  sms_http: (base) =>
    createSmsHttp(
      'sms_http',
      SmsHttpConfig.parse({ url: `${base}/send`, api_key: gateway.token, from: '+15005550006' }),
      net,
    ),
}
const sims: Record<string, Simulator> = { mailgun, sendgrid, postmark, ses, resend, twilio, sms_http: gateway }
let n = 0
const message = (name: string) => {
  n += 1
  const sendId = `0192f0c1-2345-7abc-8def-${String(n).padStart(12, '0')}`
  return name === 'twilio' || name === 'sms_http'
    ? text({ sendId, recipient: `+1415555${String(1000 + n)}` })
    : mail({ sendId, recipient: `p${n}@example.com` })
}
/** A short patience, so that "no answer" is found out soon. */
const soon = (): AbortSignal => AbortSignal.timeout(400)
const patient = (): AbortSignal => AbortSignal.timeout(20_000)

describe.each(Object.keys(sims))('%s', (name) => {
  const sim = sims[name]!
  const channel = make[name]!(sim.url)
  // The one whose key lets a lost answer be asked for by sending again.
  const isSafeToRepeat = name === 'resend'
  const under = async (
    kind: Simulator['faults'][number]['kind'],
    signal: AbortSignal,
    times?: number,
  ): Promise<Outcome> => {
    sim.faults = [{ kind, retryAfter: 7, ...(times ? { times } : {}) }]
    try {
      return await channel.send(message(name), signal)
    } finally {
      sim.faults = []
    }
  }

  test('takes a message and names it', async () => {
    const sent = message(name)
    const before = sim.taken.length
    expect(await channel.send(sent, patient())).toMatchObject({
      kind: 'accepted',
      providerMessageId: expect.any(String),
    })
    expect(sim.taken.slice(before)).toMatchObject([{ sendId: sent.sendId, to: sent.recipient }])
  })

  test('"too many requests" waits as long as it says, and is no fault of the message', async () => {
    const outcome = await under('throttle', patient())
    expect(outcome).toMatchObject({ kind: 'deferred', throttled: true })
    // SES and Twilio's own limits name no time; the others do, each in its own way.
    if (name !== 'ses' && name !== 'postmark')
      expect((outcome as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(4_000)
  })

  test('503 means not taken', async () => {
    const outcome = await under('error_503', patient())
    expect(outcome).toMatchObject({ kind: 'deferred', unreachable: true })
  })

  test('no connection means not taken', async () => {
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise<void>((resolve) => closed.close(() => resolve()))
    expect(await make[name]!(`http://127.0.0.1:${port}`).send(message(name), patient())).toMatchObject({
      kind: 'deferred',
      code: 'ECONNREFUSED',
      unreachable: true,
    })
    // A TLS handshake that fails comes before any byte of the message.
    expect(await make[name]!(sim.url.replace('http:', 'https:')).send(message(name), patient())).toMatchObject({
      kind: 'deferred',
      unreachable: true,
    })
  })

  test('silence and a cut after the request left are unknown, whether or not it was taken', async () => {
    for (const kind of ['hang', 'hang_after'] as const)
      expect(await under(kind, soon())).toMatchObject({ kind: 'unknown' })
    expect(await under('reset', patient())).toMatchObject({ kind: 'unknown' })
    expect(await under('drop_after', patient())).toMatchObject({ kind: isSafeToRepeat ? 'accepted' : 'unknown' })
  })

  test('an answer that is none of its own is not believed', async () => {
    // SendGrid says all in the status line; a gateway's body may be anything.
    const isEnough = name === 'sendgrid' || name === 'sms_http' || isSafeToRepeat
    expect(await under('malformed', patient())).toMatchObject({ kind: isEnough ? 'accepted' : 'unknown' })
    expect(await under('truncated', patient())).toMatchObject({
      kind: isSafeToRepeat ? 'accepted' : 'unknown',
    })
  })

  test('500 is unknown where it can be asked later, and tried again where it cannot', async () => {
    const canAsk = channel.lookUp !== undefined || isSafeToRepeat
    const asIfLost = canAsk ? { kind: 'unknown' } : { kind: 'deferred', unreachable: true }
    expect(await under('error_500', patient())).toMatchObject(asIfLost)
    expect(await under('error_500_sent', patient())).toMatchObject(isSafeToRepeat ? { kind: 'accepted' } : asIfLost)
  })

  test('a wrong key is our set-up: messages wait', async () => {
    const outcome = await Promise.resolve(make[name]!(sim.url)).then(async (c) => {
      const key = Object.keys(sim).find((k) => ['apiKey', 'token', 'secretAccessKey', 'authToken'].includes(k))!
      const kept = (sim as unknown as Record<string, string>)[key]!
      ;(sim as unknown as Record<string, string>)[key] = 'changed'
      try {
        return await c.send(message(name), patient())
      } finally {
        ;(sim as unknown as Record<string, string>)[key] = kept
      }
    })
    expect(outcome).toMatchObject({ kind: 'deferred', unreachable: true })
  })

  test('an address where nothing takes messages is our set-up, too', async () => {
    const lost = make[name]!(`${sim.url}/nowhere`)
    expect(await lost.send(message(name), patient())).toMatchObject({ kind: 'deferred', unreachable: true })
  })

  test('a bad address is refused for good, without the address in the words', async () => {
    const isText = name === 'twilio' || name === 'sms_http'
    const bad = isText ? text({ recipient: 'nobody' }) : mail({ recipient: 'no address' })
    const outcome = await channel.send(bad, patient())
    if (name === 'ses') expect(outcome.kind).toBe('accepted')
    else expect(outcome).toMatchObject({ kind: 'rejected' })
  })
})

test('Resend repeats what was lost under the same key, and nothing is sent twice', async () => {
  const channel = make['resend']!(resend.url)
  const sent = message('resend')
  resend.faults = [{ kind: 'drop_after', times: 1 }]
  expect(await channel.send(sent, patient())).toMatchObject({ kind: 'accepted' })
  expect(resend.copies().get(sent.sendId)).toBe(1)
  resend.faults = [{ kind: 'error_500_sent', times: 1 }]
  const again = message('resend')
  expect(await channel.send(again, patient())).toMatchObject({ kind: 'accepted' })
  expect(resend.copies().get(again.sendId)).toBe(1)
})

test('Postmark’s inactive and Twilio’s opted-out recipients are dead addresses', async () => {
  const dead = message('postmark')
  dead.recipient = 'bounce+1@example.com'
  const channel = make['postmark']!(postmark.url)
  await channel.send(dead, patient())
  expect(await channel.send(dead, patient())).toMatchObject({ kind: 'rejected', code: 'postmark.406', suppress: true })
  const out = message('twilio')
  twilio.optedOut.add(out.recipient)
  expect(await make['twilio']!(twilio.url).send(out, patient())).toMatchObject({
    kind: 'rejected',
    code: '21610',
    suppress: true,
  })
})

test('what was lost can be asked for: Mailgun, Postmark and Twilio know by our own id, or by number and time', async () => {
  for (const name of ['mailgun', 'postmark', 'twilio'] as const) {
    const channel = make[name]!(sims[name]!.url)
    const at = new Date()
    const [sent, lost, gone] = [message(name), message(name), message(name)]
    sims[name]!.faults = [{ kind: 'drop_after', times: 1 }]
    expect(await channel.send(lost, patient())).toMatchObject({ kind: 'unknown' })
    sims[name]!.faults = []
    await channel.send(sent, patient())
    const asked = (m: typeof sent, when: Date) => ({
      sendId: m.sendId,
      messageId: m.messageId,
      recipient: m.recipient,
      at: when,
    })
    const hourAgo = new Date(at.getTime() - 3_600_000)
    const fates = await channel.lookUp!([asked(sent, at), asked(lost, at), asked(gone, hourAgo)])
    expect(['accepted', 'delivered']).toContain(fates.get(sent.sendId))
    expect(['accepted', 'delivered']).toContain(fates.get(lost.sendId))
    expect(fates.get(gone.sendId)).toBe('absent')
    // Too young to be certain: their lists lag behind.
    expect((await channel.lookUp!([asked(gone, at)])).get(gone.sendId)).toBe('unknown')
    const away = await make[name]!('http://127.0.0.1:1').lookUp!([asked(sent, at)])
    expect(away.get(sent.sendId)).toBe('unknown')
  }
})

test('a text never waits in Twilio’s queue past our window', async () => {
  const sent = message('twilio')
  sent.notAfter = new Date(Date.now() + 90_000)
  await make['twilio']!(twilio.url).send(sent, patient())
  expect(Number(twilio.taken.at(-1)!.detail['validity'])).toBeGreaterThan(80)
  expect(Number(twilio.taken.at(-1)!.detail['validity'])).toBeLessThanOrEqual(90)
})
