export type Header = readonly [name: string, value: string]

export class HeaderError extends Error {
  override name = 'HeaderError'
}

/** Refuses what could start another header or another message: CR, LF and every other control character. */
export function assertHeaderSafe(name: string, value: string): void {
  if (!/^[!-9;-~]+$/.test(name)) throw new HeaderError(`The header name ${JSON.stringify(name)} is not allowed.`)
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value))
    throw new HeaderError(`The header ${name} holds a line break or control character and was refused.`)
}

/** Header block, each line CRLF-terminated, values as given (already encoded), folded at blanks beyond 76 characters. */
export function formatHeaders(headers: readonly Header[]): string {
  let out = ''
  for (const [name, value] of headers) {
    assertHeaderSafe(name, value)
    out += fold(`${name}: ${value}`) + '\r\n'
  }
  return out
}

/** A text as a header value: plain when ASCII, else RFC 2047 B-words of at most 75 characters. */
export function encodeHeaderText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('=?')) return text
  const words: string[] = []
  let bytes = 0
  let word = ''
  for (const c of text.toWellFormed()) {
    const size = new TextEncoder().encode(c).length
    if (bytes + size > 45) {
      words.push(word)
      word = ''
      bytes = 0
    }
    word += c
    bytes += size
  }
  words.push(word)
  return words.map((w) => `=?UTF-8?B?${base64(w)}?=`).join(' ')
}

/** `Name <address>` with the name quoted or encoded. Throws HeaderError when the address is not one plain mailbox. */
export function formatMailbox(name: string, address: string): string {
  assertMailbox(address)
  assertHeaderSafe('From', name)
  if (name === '') return address
  const encoded = encodeHeaderText(name)
  const shown =
    encoded !== name || /^[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+$/.test(name)
      ? encoded
      : `"${name.replace(/["\\]/g, '\\$&')}"`
  return `${shown} <${address}>`
}

/** One mailbox, nothing that could add a recipient or end the command. */
export function assertMailbox(address: string): void {
  if (
    !/^[^\s<>"(),;:\\@\u0000-\u001f\u007f]+@[^\s<>"(),;:\\@\u0000-\u001f\u007f]+$/.test(address) ||
    address.length > 320
  ) {
    throw new HeaderError('The email address is not one plain mailbox.')
  }
}

/** The same for every attempt of a send, so that a repeat is recognised as one. */
export function messageIdOf(sendId: string, domain: string): string {
  return `<${sendId}@${domain}>`
}

export interface MarketingHeaderInput {
  sendId: string
  campaignId: string | null
  templateKey: string
  /** domain of the sender address */
  domain: string
  shopName: string
  unsubscribeUrl: string
}

/** The headers a bulk sender owes: RFC 8058 one-click, RFC 2919 list id, Feedback-ID, and our own id to find it again. */
export function marketingHeaders(input: MarketingHeaderInput): Header[] {
  return [
    ['List-Unsubscribe', `<${input.unsubscribeUrl}>`],
    ['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'],
    ['List-Id', `${encodeHeaderText(input.shopName.replace(/["<>]/g, ''))} <offers.${input.domain}>`],
    ['Feedback-ID', `${input.campaignId ?? 'none'}:${input.templateKey}:offers:liquoragent`],
    ['Precedence', 'bulk'],
    ['Auto-Submitted', 'auto-generated'],
    ['X-Send-Id', input.sendId],
  ]
}

function fold(line: string): string {
  if (line.length <= 76) return line
  const parts = line.split(' ')
  let out = ''
  let column = 0
  for (const [i, part] of parts.entries()) {
    if (i > 1 && column + 1 + part.length > 76) {
      out += '\r\n ' + part
      column = 1 + part.length
    } else {
      out += (i > 0 ? ' ' : '') + part
      column += (i > 0 ? 1 : 0) + part.length
    }
  }
  return out
}

function base64(text: string): string {
  let binary = ''
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte)
  return btoa(binary)
}
