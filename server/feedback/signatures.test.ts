import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { measureSms } from '#core/delivery/sms-segments.ts'
import { makeCertificate } from '#sim/providers/certificate.ts'
import { signSns } from '#sim/providers/ses.ts'
import {
  isBodySigned,
  isMailgunSigned,
  isSendgridSigned,
  isSnsAddress,
  isSnsSigned,
  isStandardSigned,
  isTwilioSigned,
} from './signatures.ts'

// Published by the providers' own libraries and test suites (test/vectors/messaging.json says which).
const vectors = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../test/vectors/messaging.json'), 'utf8'),
) as {
  mailgun: { key: string; timestamp: string; token: string; signature: string; valid?: boolean }[]
  sendgrid: { public_key_spki_b64: string; timestamp: string; signature: string; body_utf8: string }[]
  twilio: { auth_token: string; url: string; params?: Record<string, string>; body?: string; signature: string }[]
  standard_webhooks_resend: { secret: string; id: string; timestamp: string; signature: string; body_utf8: string }[]
  sms_segments: { vectors: [string, string, number][] }
}

/** The text with each of its characters changed in turn, and with one more and one less. */
function mutants(text: string): string[] {
  const out = [`${text}A`, text.slice(1), text.slice(0, -1)]
  for (let i = 0; i < text.length; i++) out.push(text.slice(0, i) + (text[i] === 'x' ? 'y' : 'x') + text.slice(i + 1))
  return [...new Set(out)].filter((m) => m !== text)
}

/** The bytes with each bit pattern of one byte changed in turn. */
function changedBytes(bytes: Buffer): Buffer[] {
  return [...bytes.keys()].map((i) => {
    const copy = Buffer.from(bytes)
    copy[i]! ^= 1
    return copy
  })
}

test('Mailgun: every published vector, and no changed character of it', () => {
  for (const v of vectors.mailgun) {
    expect(isMailgunSigned(v.key, v.timestamp, v.token, v.signature)).toBe(v.valid ?? true)
    if (v.valid === false) continue
    for (const m of mutants(v.timestamp)) expect(isMailgunSigned(v.key, m, v.token, v.signature)).toBe(false)
    for (const m of mutants(v.token)) expect(isMailgunSigned(v.key, v.timestamp, m, v.signature)).toBe(false)
    for (const m of mutants(v.signature)) expect(isMailgunSigned(v.key, v.timestamp, v.token, m)).toBe(false)
    expect(isMailgunSigned('another', v.timestamp, v.token, v.signature)).toBe(false)
  }
  expect(vectors.mailgun.length).toBeGreaterThan(3)
})

test('SendGrid: the published vector with its CRLF, and no changed byte of it', () => {
  for (const v of vectors.sendgrid) {
    const body = Buffer.from(v.body_utf8)
    const check = (b: Buffer, timestamp = v.timestamp, signature = v.signature): boolean =>
      isSendgridSigned(v.public_key_spki_b64, timestamp, b, signature)
    expect(check(body)).toBe(true)
    expect(check(body.subarray(0, -2))).toBe(false)
    for (const b of changedBytes(body)) expect(check(b)).toBe(false)
    for (const m of mutants(v.timestamp)) expect(check(body, m)).toBe(false)
    for (const m of mutants(v.signature)) expect(check(body, v.timestamp, m)).toBe(false)
    expect(isSendgridSigned('no key', v.timestamp, body, v.signature)).toBe(false)
  }
})

test('Resend and every Standard Webhook: the published vector, and no changed byte of it', () => {
  for (const v of vectors.standard_webhooks_resend) {
    const body = Buffer.from(v.body_utf8)
    const check = (b: Buffer, id = v.id, timestamp = v.timestamp, signature = v.signature): boolean =>
      isStandardSigned(v.secret, id, timestamp, b, signature)
    expect(check(body)).toBe(true)
    expect(check(body, v.id, v.timestamp, `v1,AAAA v1a,zzz ${v.signature}`)).toBe(true)
    for (const b of changedBytes(body)) expect(check(b)).toBe(false)
    for (const m of mutants(v.id)) expect(check(body, m)).toBe(false)
    for (const m of mutants(v.timestamp)) expect(check(body, v.id, m)).toBe(false)
    for (const m of mutants(v.signature)) expect(check(body, v.id, v.timestamp, m)).toBe(false)
    expect(isStandardSigned('', v.id, v.timestamp, body, v.signature)).toBe(false)
  }
})

test('Twilio: every published vector, form and JSON, with and without port, and no changed character', () => {
  for (const v of vectors.twilio) {
    const fields = v.body === undefined ? { fields: Object.entries(v.params ?? {}) } : { raw: Buffer.from(v.body) }
    expect(isTwilioSigned(v.auth_token, v.url, fields, v.signature)).toBe(true)
    for (const m of mutants(v.signature)) expect(isTwilioSigned(v.auth_token, v.url, fields, m)).toBe(false)
    for (const m of mutants(v.url)) {
      // Another spelling of the same address is no change.
      if (URL.canParse(m)) expect(isTwilioSigned(v.auth_token, m, fields, v.signature)).toBe(false)
    }
    if (v.params)
      for (const [name, value] of Object.entries(v.params)) {
        for (const m of mutants(value))
          expect(
            isTwilioSigned(v.auth_token, v.url, { fields: Object.entries({ ...v.params, [name]: m }) }, v.signature),
          ).toBe(false)
      }
    else
      for (const raw of changedBytes(Buffer.from(v.body!)))
        expect(isTwilioSigned(v.auth_token, v.url, { raw }, v.signature)).toBe(false)
    // A parameter that nobody knows belongs to what is signed.
    if (v.params)
      expect(
        isTwilioSigned(v.auth_token, v.url, { fields: [...Object.entries(v.params), ['New', '1']] }, v.signature),
      ).toBe(false)
  }
  // The same name twice with the same value is signed once; with two values both, in order.
  const url = 'https://shop.test/x'
  const sign = (data: string): string =>
    createHmac('sha1', 't')
      .update(url + data)
      .digest('base64')
  expect(
    isTwilioSigned(
      't',
      url,
      {
        fields: [
          ['A', '2'],
          ['A', '1'],
          ['A', '2'],
        ],
      },
      sign('A1A2'),
    ),
  ).toBe(true)
  expect(isTwilioSigned('t', 'https://shop.test:443/x', { fields: [] }, sign(''))).toBe(true)
  expect(isTwilioSigned('t', 'https://shop.test:8443/x', { fields: [] }, sign(''))).toBe(false)
})

test('SNS: both signature versions and all three kinds of message, signed with a fresh certificate', () => {
  const certificate = makeCertificate('sns.amazonaws.com')
  const foreign = makeCertificate('sns.amazonaws.com')
  const now = new Date()
  for (const version of ['1', '2'])
    for (const type of ['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']) {
      const message: Record<string, string> = {
        Type: type,
        MessageId: 'id-1',
        TopicArn: 'arn:aws:sns:us-east-1:123456789012:t',
        Message: 'Rosé\n{"a":1}',
        Timestamp: now.toISOString(),
        SignatureVersion: version,
        ...(type === 'Notification' ? { Subject: 'x' } : { Token: 'tok', SubscribeURL: 'https://sns.test/' }),
      }
      message['Signature'] = signSns(message, certificate)
      expect(isSnsSigned(message, certificate.pem, now)).toBe(true)
      expect(isSnsSigned(message, foreign.pem, now)).toBe(false)
      for (const name of Object.keys(message).filter((n) => n !== 'Signature' && n !== 'SignatureVersion'))
        for (const m of mutants(message[name]!))
          expect(isSnsSigned({ ...message, [name]: m }, certificate.pem, now)).toBe(false)
      for (const bytes of changedBytes(Buffer.from(message['Signature']!, 'base64')).slice(0, 40))
        expect(isSnsSigned({ ...message, Signature: bytes.toString('base64') }, certificate.pem, now)).toBe(false)
      expect(isSnsSigned(message, certificate.pem, new Date(now.getTime() + 40 * 86_400_000))).toBe(false)
      expect(isSnsSigned({ ...message, SignatureVersion: '3' }, certificate.pem, now)).toBe(false)
    }
})

test('only addresses of SNS itself are ever fetched', () => {
  for (const good of [
    'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0000.pem',
    'https://sns.cn-north-1.amazonaws.com.cn/x.pem',
  ])
    expect(isSnsAddress(good)).toBe(true)
  for (const bad of [
    'http://sns.us-east-1.amazonaws.com/x.pem',
    'https://sns.us-east-1.amazonaws.com.evil.test/x.pem',
    'https://sns.us-east-1.amazonaws.com@evil.test/x.pem',
    'https://evil.test/sns.us-east-1.amazonaws.com/x.pem',
    'https://sns.us-east-1.amazonaws.com:8443/x.pem',
    'https://bucket.s3.amazonaws.com/x.pem',
    'https://169.254.169.254/latest/meta-data',
    'file:///etc/passwd',
    '',
  ])
    expect(isSnsAddress(bad)).toBe(false)
})

test('a body signature fits its body only', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(), (bytes, at) => {
      const body = Buffer.from(bytes)
      const signature = createHmac('sha256', 'secret').update(body).digest('hex')
      expect(isBodySigned('secret', body, signature) && isBodySigned('secret', body, `sha256=${signature}`)).toBe(true)
      const changed = Buffer.from(body)
      changed[at % changed.length]! ^= 1
      expect(isBodySigned('secret', changed, signature)).toBe(false)
      expect(isBodySigned('other', body, signature)).toBe(false)
    }),
  )
})

test('texts are cut as Twilio’s own calculator cuts them', () => {
  const write = (what: string): string => {
    if (what.startsWith('`')) return '`'
    if (what.startsWith('TAB')) return '\t\u00a0—“'
    if (what.startsWith('form feed')) return '\f'
    return what
      .replace(/ \(.*\)$/u, '')
      .split(' + ')
      .map((part) => {
        const [, character, times] = /^(.+?) x(\d+)$/u.exec(part) ?? [null, part, '1']
        return character!.repeat(Number(times))
      })
      .join('')
  }
  for (const [what, encoding, segments] of vectors.sms_segments.vectors)
    expect({ what, ...measureSms(write(what)) }).toMatchObject({ what, encoding, segments })
  expect(vectors.sms_segments.vectors).toHaveLength(22)
})
