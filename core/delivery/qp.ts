const plain = /^[\x20-\x3c\x3e-\x7e]*$/
const limit = 75

/**
 * Quoted-printable (RFC 2045 §6.7) of one piece of a body that starts at the beginning of a line and ends at one:
 * pieces can be encoded apart and joined in any order. Lines stay within 76 characters; line ends become CRLF.
 */
export function encodePiece(text: string): string {
  if (text === '') return ''
  if (text.length <= limit && plain.test(text) && !text.startsWith('.')) return text + '=\r\n'
  const lines = text.split(/\r\n|\r|\n/)
  let out = ''
  for (let i = 0; i < lines.length; i++) {
    const isLast = i === lines.length - 1
    if (isLast && lines[i] === '') break
    out += wrap(encodeLine(lines[i] ?? '', !isLast))
    out += isLast ? '=\r\n' : '\r\n'
  }
  return out
}

function encodeLine(line: string, endsHard: boolean): string {
  let s = plain.test(line) ? line : line.toWellFormed().replace(/[^\x20-\x3c\x3e-\x7e\t]+/g, hex)
  // A space before a line end is lost on the way; a dot at its start is stuffed by some servers and not unstuffed by others.
  if (endsHard && /[ \t]$/.test(s)) s = s.slice(0, -1) + (s.endsWith(' ') ? '=20' : '=09')
  if (s.startsWith('.')) s = '=2E' + s.slice(1)
  return s
}

function hex(run: string): string {
  let out = ''
  for (const byte of new TextEncoder().encode(run))
    out += '=' + (byte < 16 ? '0' : '') + byte.toString(16).toUpperCase()
  return out
}

function wrap(line: string): string {
  if (line.length <= limit) return line
  let out = ''
  let start = 0
  for (;;) {
    const lead = start > 0 && line[start] === '.' ? '=2E' : ''
    if (lead) start += 1
    const room = limit - lead.length
    if (line.length - start <= room) return out + lead + line.slice(start)
    let end = start + room
    // never cut an escape
    if (line[end - 1] === '=') end -= 1
    else if (line[end - 2] === '=') end -= 2
    out += lead + line.slice(start, end) + '=\r\n'
    start = end
  }
}
