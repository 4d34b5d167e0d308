import { createHash, createPrivateKey, sign, type KeyObject } from 'node:crypto'

export interface DkimKey {
  domain: string
  selector: string
  /** PEM: RSA or Ed25519 */
  privateKey: string
}

/** Signs messages for one domain (RFC 6376, RFC 8463), relaxed/relaxed. */
export type DkimSigner = (mime: string, at: Date) => string

// RFC 8058 wants both List-Unsubscribe headers signed; From, To and Subject are named once more, so that a second one
// added on the way breaks the signature.
const signed = [
  'from',
  'to',
  'reply-to',
  'subject',
  'date',
  'message-id',
  'mime-version',
  'content-type',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-id',
  'feedback-id',
]
const oversigned = ['from', 'to', 'subject']

/** Throws with a cure when the key cannot be read. Signing with RSA-2048 costs about a millisecond, Ed25519 a tenth. */
export function createDkimSigner(options: DkimKey): DkimSigner {
  let key: KeyObject
  try {
    key = createPrivateKey(options.privateKey)
  } catch {
    throw new Error('The DKIM private key cannot be read; paste the whole PEM block.')
  }
  const isEd25519 = key.asymmetricKeyType === 'ed25519'
  if (!isEd25519 && key.asymmetricKeyType !== 'rsa')
    throw new Error('The DKIM private key is neither RSA nor Ed25519; make one of these.')
  return (mime, at) => {
    const split = mime.indexOf('\r\n\r\n')
    const fields = parseHeaders(mime.slice(0, split + 2))
    const present = signed.filter((name) => fields.some((f) => f.name === name))
    const bodyHash = createHash('sha256')
      .update(relaxedBody(mime.slice(split + 4)), 'latin1')
      .digest('base64')
    const names = [...present, ...oversigned.filter((n) => present.includes(n))]
    const tag =
      `v=1; a=${isEd25519 ? 'ed25519' : 'rsa'}-sha256; c=relaxed/relaxed; d=${options.domain}; s=${options.selector};\r\n` +
      ` t=${Math.floor(at.getTime() / 1000)}; h=${names.join(':')};\r\n bh=${bodyHash};\r\n b=`
    // Each name takes its last field not yet taken; a name that has none left signs its absence.
    const left = [...fields]
    const lines = names.map((name) => {
      const i = left.findLastIndex((f) => f.name === name)
      return i < 0 ? '' : `${name}:${relaxedValue(left.splice(i, 1)[0]!.value)}\r\n`
    })
    const toSign = Buffer.from(lines.join('') + `dkim-signature:${relaxedValue(tag)}`, 'latin1')
    // Ed25519 signs the SHA-256 of the input (RFC 8463 §3).
    const signature = (
      isEd25519 ? sign(null, createHash('sha256').update(toSign).digest(), key) : sign('sha256', toSign, key)
    ).toString('base64')
    return `DKIM-Signature: ${tag}${signature.match(/.{1,72}/g)!.join('\r\n ')}\r\n${mime}`
  }
}

function parseHeaders(block: string): { name: string; value: string }[] {
  return block
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .filter((line) => line.includes(':'))
    .map((line) => {
      const colon = line.indexOf(':')
      return { name: line.slice(0, colon).trim().toLowerCase(), value: line.slice(colon + 1) }
    })
}

function relaxedValue(value: string): string {
  return value
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim()
}

function relaxedBody(body: string): string {
  const lines = body
    .replace(/[ \t]+(?=\r\n)/g, '')
    .replace(/[ \t]+$/, '')
    .replace(/[ \t]+/g, ' ')
    .replace(/(\r\n)*$/, '')
  return lines === '' ? '' : `${lines}\r\n`
}
