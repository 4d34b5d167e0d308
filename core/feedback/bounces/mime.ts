/** A part of a message: as little of MIME as a bounce needs. Bytes are latin1 text throughout. */
export interface Part {
  /** names in lower case, values unfolded; the first of each name wins */
  headers: Map<string, string>
  /** like multipart/report, lower case */
  type: string
  parameters: Map<string, string>
  /** decoded (quoted-printable, base64); of a multipart the text before the first part */
  body: string
  parts: Part[]
}

const deepest = 8
const mostParts = 50

/** Takes a message apart. What is broken becomes one text part; it never throws. */
export function parseMessage(raw: string, depth = 0): Part {
  const text = depth === 0 ? raw.replace(/\r?\n/g, '\r\n') : raw
  const split = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n')
  const headers = parseHeaders(split < 0 ? text : text.slice(0, split))
  const content = split < 0 ? '' : text.slice(split + (split === 0 ? 2 : 4))
  const { type, parameters } = parseType(headers.get('content-type') ?? 'text/plain')
  const boundary = parameters.get('boundary')
  if (type.startsWith('multipart/') && boundary && depth < deepest) {
    const pieces = splitParts(content, boundary)
    return {
      headers,
      type,
      parameters,
      body: pieces.before,
      parts: pieces.parts.slice(0, mostParts).map((p) => parseMessage(p, depth + 1)),
    }
  }
  return { headers, type, parameters, body: decode(content, headers.get('content-transfer-encoding')), parts: [] }
}

/** Headers of a block; folded lines joined. */
export function parseHeaders(block: string): Map<string, string> {
  const headers = new Map<string, string>()
  for (const line of block.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon <= 0) continue
    const name = line.slice(0, colon).trim().toLowerCase()
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim())
  }
  return headers
}

/** Groups of headers parted by empty lines, as in message/delivery-status. */
export function parseGroups(body: string): Map<string, string>[] {
  return body
    .split(/\r?\n[ \t]*\r?\n/)
    .map(parseHeaders)
    .filter((group) => group.size > 0)
}

function parseType(value: string): { type: string; parameters: Map<string, string> } {
  const [type = 'text/plain', ...rest] = value.split(';')
  const parameters = new Map<string, string>()
  for (const [, name, quoted, plain] of rest.join(';').matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/g))
    parameters.set(name!.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
  return { type: type.trim().toLowerCase(), parameters }
}

function splitParts(content: string, boundary: string): { before: string; parts: string[] } {
  const mark = `\r\n--${boundary}`
  const pieces = `\r\n${content}`.split(mark)
  const parts: string[] = []
  for (const piece of pieces.slice(1)) {
    if (piece.startsWith('--')) break
    // After the mark only blanks may stand on its line.
    const line = piece.indexOf('\r\n')
    if (line >= 0 && piece.slice(0, line).trim() === '') parts.push(piece.slice(line + 2))
  }
  return { before: pieces[0]!.slice(2), parts }
}

function decode(body: string, encoding: string | undefined): string {
  switch (encoding?.trim().toLowerCase()) {
    case 'quoted-printable':
      return body
        .replace(/[ \t]*=\r\n/g, '')
        .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    case 'base64':
      try {
        return atob(body.replace(/[^A-Za-z0-9+/=]/g, ''))
      } catch {
        return body
      }
    default:
      return body
  }
}
