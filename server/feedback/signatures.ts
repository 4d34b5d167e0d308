import { createHash, createHmac, createPublicKey, timingSafeEqual, verify, X509Certificate } from 'node:crypto'

/** Equal without telling how far; of different lengths never. */
export function sameText(a: string, b: string): boolean {
  const [x, y] = [a, b].map((t) => createHash('sha256').update(t, 'utf8').digest()) as [Buffer, Buffer]
  return timingSafeEqual(x, y)
}

/** Mailgun: hex HMAC-SHA256 over timestamp and token. The body itself is not signed. */
export function isMailgunSigned(key: string, timestamp: string, token: string, signature: string): boolean {
  return sameText(
    createHmac('sha256', key)
      .update(timestamp + token)
      .digest('hex'),
    signature,
  )
}

/** SendGrid: ECDSA P-256 over timestamp and raw body; `publicKey` is SPKI in base64. */
export function isSendgridSigned(publicKey: string, timestamp: string, body: Buffer, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    const der = Buffer.from(signature, 'base64')
    // A second spelling of the same signature is refused.
    if (der.toString('base64') !== signature) return false
    return verify('sha256', Buffer.concat([Buffer.from(timestamp), body]), key, der)
  } catch {
    return false
  }
}

/** Standard Webhooks (Svix, Resend): base64 HMAC-SHA256 over `id.timestamp.body`; the header lists `v1,…` by blanks. */
export function isStandardSigned(secret: string, id: string, timestamp: string, body: Buffer, header: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length === 0) return false
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return header
    .split(' ')
    .slice(0, 10)
    .some((one) => one.startsWith('v1,') && sameText(one.slice(3), expected))
}

/**
 * Twilio: base64 HMAC-SHA1 over the address and the sorted fields; of a JSON body over the address alone, which then
 * carries the body's hash. Twilio signs with or without the standard port, so both spellings are tried.
 */
export function isTwilioSigned(
  token: string,
  url: string,
  body: { fields: readonly (readonly [string, string])[] } | { raw: Buffer },
  signature: string,
): boolean {
  let data = ''
  if ('fields' in body) {
    const byName = new Map<string, Set<string>>()
    for (const [name, value] of body.fields) {
      const values = byName.get(name)
      if (values) values.add(value)
      else byName.set(name, new Set([value]))
    }
    for (const name of [...byName.keys()].toSorted())
      for (const value of [...byName.get(name)!].toSorted()) data += name + value
  } else {
    const claimed = new URL(url).searchParams.get('bodySHA256')
    if (!claimed || !sameText(claimed, createHash('sha256').update(body.raw).digest('hex'))) return false
  }
  return portVariants(url).some((address) =>
    sameText(
      createHmac('sha1', token)
        .update(address + data, 'utf8')
        .digest('base64'),
      signature,
    ),
  )
}

function portVariants(address: string): string[] {
  const match = /^(https?):\/\/([^/?#]*@)?(\[[^\]]+\]|[^/:?#]+)(:\d+)?(.*)$/s.exec(address)
  if (!match) return [address]
  const [, scheme, user = '', host, port, rest] = match
  const standard = scheme === 'https' ? ':443' : ':80'
  const variants = [address]
  if (port === undefined) variants.push(`${scheme}://${user}${host}${standard}${rest}`)
  else if (port === standard) variants.push(`${scheme}://${user}${host}${rest}`)
  return variants
}

const snsFields = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const

/** SNS: RSA over `key LF value LF` of fixed fields; version 1 is SHA-1, version 2 SHA-256. `certificate`: PEM. */
export function isSnsSigned(message: Record<string, unknown>, certificate: string, now: Date): boolean {
  const fields = snsFields[message['Type'] as keyof typeof snsFields]
  const version = message['SignatureVersion']
  if (!fields || (version !== '1' && version !== '2') || typeof message['Signature'] !== 'string') return false
  try {
    const x509 = new X509Certificate(certificate)
    if (now < new Date(x509.validFrom) || now > new Date(x509.validTo)) return false
    const text = fields
      .flatMap((name) => (typeof message[name] === 'string' ? [`${name}\n${message[name]}\n`] : []))
      .join('')
    return verify(
      version === '1' ? 'sha1' : 'sha256',
      Buffer.from(text, 'utf8'),
      x509.publicKey,
      Buffer.from(message['Signature'], 'base64'),
    )
  } catch {
    return false
  }
}

/** Where SNS keeps its certificates and confirmations; nothing else is ever fetched. */
export function isSnsAddress(url: string): boolean {
  try {
    const { protocol, hostname, port, username } = new URL(url)
    return (
      protocol === 'https:' &&
      port === '' &&
      username === '' &&
      /^sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?$/.test(hostname)
    )
  } catch {
    return false
  }
}

/** HMAC-SHA256 of the body in hex, with or without `sha256=` in front. */
export function isBodySigned(secret: string, body: Buffer, signature: string): boolean {
  return sameText(createHmac('sha256', secret).update(body).digest('hex'), signature.replace(/^sha256=/, ''))
}

/** User and password of a Basic header; null when there is none. */
export function readBasic(header: string | undefined): { user: string; password: string } | null {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1]
  if (!encoded) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
