/**
 * Text that a person of the shop or an import wrote, made fit for a prompt: one short line without control, invisible or
 * direction characters, markup, addresses, phone numbers or links. It stays data; nothing in it is ever an instruction.
 * @param privateNames lower-case names of customers that must not leave the shop (server/planning/llm/private-names.ts)
 */
export function quoted(text: string, limit: number, privateNames: ReadonlySet<string> = noNames): string {
  const line = beginning(text)
    .normalize('NFKC')
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[<>{}[\]`\\|]/g, ' ')
    .replace(/["“”„«»]/g, "'")
    .replace(/\s+/g, ' ')
    .trim()
  return shortened(withoutNames(withoutAddresses(line), privateNames), limit)
}

// More than anybody shows is not looked at; a word at the cut goes whole, so that no half of an address stays.
const looked = 600
function beginning(text: string): string {
  if (text.length <= looked) return text
  const start = text.slice(0, looked)
  return start.replace(/\S+$/, '').trim() || start
}

const noNames: ReadonlySet<string> = new Set()
export const removed = '(removed)'

/** Emails, links, and anything with as many digits as a phone, card or account number. */
function withoutAddresses(line: string): string {
  return line
    .replace(/[^\s@,;:]+\s?(?:@|＠|\(at\)|\bat\b(?=\s?\S+\s?\(?dot))\s?[^\s@,;:]+/giu, removed)
    .replace(/\b(?:https?:|www\.|ftp:)\S+/giu, removed)
    .replace(/\b[\p{L}\p{N}-]+\.(?:com|net|org|io|co|us|biz|info|test|example|invalid)\b\S*/giu, removed)
    .replace(/\+?\(?\d(?:[\s().\-/]{0,2}\d){6,}/gu, removed)
}

/** Runs of two to four words, lower case: what a name may look like. */
export function nameCandidates(text: string): string[] {
  const words = [...text.normalize('NFKC').matchAll(/[\p{L}\p{M}'’.-]+/gu)].map((m) =>
    m[0].toLowerCase().replace(/(?:['’]s?|\.)$/, ''),
  )
  const out: string[] = []
  for (let length = 2; length <= 4; length++)
    for (let i = 0; i + length <= words.length; i++) out.push(words.slice(i, i + length).join(' '))
  return out
}

function withoutNames(line: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return line
  let out = line
  for (const candidate of nameCandidates(line)) {
    if (!names.has(candidate)) continue
    const words = candidate.split(' ').map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    out = out.replace(new RegExp(`${words.join('\\.?[\\s,]+')}(?:['’]s?)?`, 'giu'), removed)
  }
  return out
}

function shortened(line: string, limit: number): string {
  const letters = Array.from(line)
  return letters.length <= limit
    ? line
    : `${letters
        .slice(0, limit - 1)
        .join('')
        .trimEnd()}…`
}
