import { nets } from './lint-words.ts'
import { defaultPolicy, type CopyTopic, type Policy } from './policy.ts'
import type { Verdict } from './verdict.ts'

/** The line every message ends with; the renderer locks it into footer and texts (core/delivery/footer.ts). */
export const responsibleLine = '21+ · please drink responsibly'

/**
 * What the words of a message say that they should not, each with the words found. A second net only: the first is the
 * typed offer. Empty when nothing was found.
 */
export function lintCopy(text: string, policy: Policy = defaultPolicy()): Verdict[] {
  // A plan is checked again with every edit, and most of its words are the same as before.
  let known = memo.get(policy)
  if (!known) memo.set(policy, (known = new Map()))
  let found = known.get(text)
  if (!found) {
    if (known.size > 500) known.clear()
    known.set(text, (found = findFaults(text, policy)))
  }
  return [...found]
}
const memo = new WeakMap<Policy, Map<string, Verdict[]>>()

function findFaults(text: string, policy: Policy): Verdict[] {
  const rule = policy.rules.find((r) => r.type === 'content_lint')
  if (!rule) return []
  const topics = new Set<CopyTopic>(rule.params.forbid)
  const plain = text.replace(/<[^>]*>/g, ' ').replace(/&(?:nbsp|amp|#39|rsquo);/g, (e) => (e === '&nbsp;' ? ' ' : "'"))
  const read = readable(plain)
  const verdict = (topic: CopyTopic, summary: string, cure: string): Verdict => ({
    outcome: rule.effect === 'block' ? 'deny' : 'warn',
    rule_id: `${rule.id}:${topic}`,
    summary,
    source: rule.source,
    confidence: rule.confidence,
    cure,
  })
  const found = nets.flatMap(({ topic, words, summary, cure }) => {
    if (!topics.has(topic)) return []
    const hits = [...new Set([...read.matchAll(words)].map((m) => m[0]))]
    return hits.length === 0 ? [] : [verdict(topic, `“${hits.join('”, “')}” ${summary}.`, cure)]
  })
  const shout = topics.has('tone') ? shoutingIn(plain) : null
  return shout ? [...found, verdict('tone', shout, 'Write as you would speak to a customer at the counter.')] : found
}

/** What the renderer adds by itself: shown where somebody asks what a message must carry. */
export function requiredLine(text: string, policy: Policy = defaultPolicy()): Verdict[] {
  const rule = policy.rules.find((r) => r.type === 'content_lint')
  if (!rule?.params.require_line || /drink responsibly/i.test(text)) return []
  return [
    {
      outcome: 'require',
      rule_id: `${rule.id}:responsible_line`,
      summary: 'Every message says that it is for adults and asks to drink responsibly; the locked footer does.',
      source: rule.source,
      confidence: rule.confidence,
      text: responsibleLine,
    },
  ]
}

function shoutingIn(text: string): string | null {
  if (/!\s*!|[!?]{3,}/.test(text)) return 'More than one exclamation mark reads like shouting.'
  // Names of bottles come in capitals ("VSOP", "IPA"); three long words in a row do not.
  const loud = /(?:\b\p{Lu}{4,}\b[\s,!]*){3,}/u.exec(text)
  if (loud) return `“${loud[0].trim()}” is written in capitals.`
  const letters = text.replace(/[^\p{L}]/gu, '')
  if (letters.length >= 24 && letters.replace(/[^\p{Lu}]/gu, '').length > letters.length * 0.7)
    return 'The text is written in capitals.'
  return (text.match(/\p{Extended_Pictographic}/gu) ?? []).length > 3 ? 'More than three emoji.' : null
}

// Letters of other alphabets that look like ours, as spammers use them.
const looks: Record<string, string> = {
  а: 'a', в: 'b', е: 'e', к: 'k', м: 'm', н: 'h', о: 'o', р: 'p', с: 'c', т: 't', у: 'y', х: 'x', і: 'i', ѕ: 's', ј: 'j', ԁ: 'd', ɡ: 'g',
  α: 'a', β: 'b', ε: 'e', ι: 'i', κ: 'k', ν: 'v', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x', 'ı': 'i',
} // prettier-ignore
const leet: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '€': 'e',
}

/** The text as an eye reads it: lower case, no accents, no invisible characters, "dr1nk" and "f.r.e.e" made whole. */
function readable(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e]/gu, '')
    .replace(/[‘’]/g, "'")
    .toLowerCase()
    .replace(/[^\u0000-\u007f]/g, (c) => looks[c] ?? c) // oxlint-disable-line no-control-regex -- everything outside ASCII
    .replace(/(?<![\p{L}\p{N}])(?:\p{L}[ .\-_*]){2,}\p{L}(?![\p{L}\p{N}])/gu, (s) => s.replace(/[ .\-_*]/g, ''))
    .replace(/(?<![\p{L}\p{N}$@€])[\p{L}0134579@$€]*[0134579@$€][\p{L}0134579@$€]*(?![\p{L}\p{N}])/gu, unleet)
    .replace(/(\p{L})\1{2,}/gu, '$1')
    .replace(/\s+/g, ' ')
}

// Only words that mix letters and look-alikes: "750ml" and "$10" stay figures.
function unleet(word: string): string {
  if (!/\p{L}/u.test(word) || /^[$€]?\d+(?:ml|l|cl|oz|pk|%|st|nd|rd|th|pm|am|x|k)?$/.test(word)) return word
  return word.replace(/[0134579@$€]/g, (c) => leet[c] ?? c)
}
