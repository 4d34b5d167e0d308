import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

export interface MadeCertificate {
  pem: string
  privateKey: KeyObject
}

/** A self-signed X.509 certificate (RSA-2048, SHA-256) for `commonName`, valid from a day ago for `days`. */
export function makeCertificate(commonName: string, days = 30): MadeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00]))
  const name = sequence(tagged(0x31, sequence(oid('2.5.4.3'), tagged(0x0c, Buffer.from(commonName)))))
  const from = Date.now() - 86_400_000
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.from([1])),
    algorithm,
    name,
    sequence(utcTime(new Date(from)), utcTime(new Date(from + days * 86_400_000))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = sign('sha256', body, privateKey)
  const der = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n')
  return { pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`, privateKey }
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts))
const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes)

function oid(text: string): Buffer {
  const [a = 0, b = 0, ...rest] = text.split('.').map(Number)
  const bytes = [a * 40 + b]
  for (const n of rest) {
    const parts = [n & 127]
    for (let left = n >> 7; left > 0; left >>= 7) parts.unshift((left & 127) | 128)
    bytes.push(...parts)
  }
  return tagged(0x06, Buffer.from(bytes))
}

function utcTime(at: Date): Buffer {
  return tagged(0x17, Buffer.from(at.toISOString().replace(/^..|[-:T]|\.\d{3}/g, '')))
}
