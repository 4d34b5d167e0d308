import type { Verdict } from '../../compliance/verdict.ts'
import { plainSms } from '../../delivery/sms-segments.ts'
import { checkCopy } from '../copy.ts'
import type { PlannerFacts } from '../facts.ts'
import { entryOf, valueOfEntry } from '../entry.ts'
import { parseOfferText, sameTerms } from '../offer-text.ts'
import type { Offer } from '../offer.ts'
import type { Copy, PlanEntry, Refusal } from '../plan.ts'
import type { EntryAnswer, ReadAnswer } from './answer.ts'
import type { Aliases } from './brief.ts'
import { netOf } from '../response.ts'
import { overlap } from '../week.ts'
import { audienceFor, scalesOf } from '../weigh.ts'
import { quoted } from './quote.ts'

/** What is wrong with an answer, in words that hold nothing the shop or the model wrote. */
export interface Problem {
  /** place in the answer; null: the answer as a whole */
  index: number | null
  rule_id: string
  message: string
}

export interface Placed {
  entries: PlanEntry[]
  /** place in the answer, by entry id */
  places: ReadonlyMap<string, number>
  problems: Problem[]
  /** what will be told in the plan */
  refused: Refusal[]
}

const modelSays = (rule_id: string, summary: string, cure: string): Verdict => ({
  outcome: 'deny',
  rule_id,
  summary,
  source: 'check of the language model’s answer',
  confidence: 'high',
  cure,
})

/**
 * Turns an answer into entries of ours: aliases become segments and typed offers of the catalogue, words are checked, and
 * reach, worth, verdicts and templates are computed here. Nothing a model claims about them is read.
 */
export function placeAnswer(answer: ReadAnswer, aliases: Aliases, facts: PlannerFacts): Placed {
  const out: Placed & { entries: PlanEntry[] } = { entries: [], places: new Map(), problems: [], refused: [] }
  const places = new Map<string, number>()
  for (const { index, message } of answer.faults) out.problems.push({ index, rule_id: 'llm-malformed', message })
  for (const { index, entry } of answer.entries) {
    const segment = aliases.segment.get(entry.segment)
    const offer = offerOf(entry.offer, aliases)
    if (!segment || !offer) {
      const verdict = segment
        ? modelSays(
            'llm-offer-unknown',
            'The language model chose an offer that does not exist.',
            'Use an id of the offers given.',
          )
        : modelSays(
            'llm-segment-unknown',
            'The language model chose a segment that does not exist.',
            'Use an id of the segments given.',
          )
      out.problems.push({ index, rule_id: verdict.rule_id, message: `${verdict.summary} ${verdict.cure}` })
      if (segment)
        out.refused.push({
          segment: segment.key,
          channel: entry.channel,
          offer_title: quoted(entry.offer, 80) || 'no offer',
          day: entry.day,
          verdict,
        })
      continue
    }
    const audience = audienceFor(scalesOf(facts), segment, offer, entry.channel)
    const candidate = { segment, offer, channel: entry.channel, day: entry.day, ...(audience ? { audience } : {}) }
    const earlier = out.entries.filter(
      (e) => overlap(e, { ...candidate, segment: segment.key }) && e.day < entry.day,
    ).length
    const value = valueOfEntry({ ...candidate, segment: segment.key }, earlier, facts)!
    if (netOf(value) <= 0) {
      const verdict = modelSays(
        'llm-no-gain',
        'It would cost more than it is expected to bring.',
        'Choose content, or leave the segment out.',
      )
      out.problems.push({ index, rule_id: verdict.rule_id, message: `${verdict.summary} ${verdict.cure}` })
      out.refused.push({
        segment: segment.key,
        channel: entry.channel,
        offer_title: offer.title,
        day: entry.day,
        verdict,
      })
      continue
    }
    const made = entryOf(candidate, value, 0, facts)
    made.score = netOf(value) * made.reach
    const id = places.has(made.id) ? `${made.id}#${index}` : made.id
    const { copy, refusals } = copyOf(entry, offer, facts, aliases)
    for (const verdict of refusals) {
      out.problems.push({ index, rule_id: verdict.rule_id, message: `copy: ${verdict.summary} ${verdict.cure ?? ''}` })
      out.refused.push({
        segment: segment.key,
        channel: entry.channel,
        offer_title: offer.title,
        day: entry.day,
        verdict,
      })
    }
    places.set(id, index)
    const said = quoted(entry.reason, 240)
    out.entries.push({
      ...made,
      id,
      window: { start: entry.start, end: entry.end },
      reason: said ? `${said} ${made.reason}` : made.reason,
      ...(copy ? { copy } : {}),
    })
  }
  return { ...out, places }
}

/** By its alias; words instead of one are read as terms and must be those of exactly one offer of the catalogue. */
function offerOf(said: string, aliases: Aliases): Offer | null {
  const known = aliases.offer.get(said)
  if (known) return known
  const terms = said.length > 300 ? null : parseOfferText(said)
  return terms && terms.kind !== 'content' ? sameTerms(terms, [...aliases.offer.values()]) : null
}

const tidy = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/[^\S\n]+/g, ' ')
    .replace(/\s*\n\s*/g, ' ')
    .trim()

const insideMemo = new WeakMap<Aliases, string[]>()
/**
 * Runs of words that are the shop's own labels and never for customers: three of a segment's name, five of a category
 * ("Single Malt Scotch" may be said).
 */
function insideWords(aliases: Aliases): string[] {
  let found = insideMemo.get(aliases)
  if (!found) {
    const runs = (text: string, length: number): string[] => {
      const words = wordsOf(quoted(text, 120))
      return words.slice(length - 1).map((_, i) => words.slice(i, i + length).join(' '))
    }
    found = [...aliases.segment.values()].flatMap((s) => [...runs(s.name, 3), ...runs(s.top_category ?? '', 5)])
    insideMemo.set(aliases, found)
  }
  return found
}
const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}'’]+/gu) ?? []

function copyOf(
  entry: EntryAnswer,
  offer: Offer,
  facts: PlannerFacts,
  aliases: Aliases,
): { copy: Copy | null; refusals: Verdict[] } {
  const given = entry.copy
  if (!given) return { copy: null, refusals: [] }
  const copy: Copy =
    entry.channel === 'sms'
      ? { subject: '', preheader: '', headline: '', body: plainSms(tidy(given.body)) }
      : {
          subject: tidy(given.subject),
          preheader: tidy(given.preheader),
          headline: tidy(given.headline),
          body: tidy(given.body),
        }
  if (Object.values(copy).every((text) => text === '')) return { copy: null, refusals: [] }
  const refusals = checkCopy(copy, entry.channel, offer, facts.policy, facts.currency)
  const said = wordsOf(Object.values(copy).join(' ')).join(' ')
  if (insideWords(aliases).some((run) => said.includes(run)))
    refusals.push(
      modelSays(
        'copy-inside-words',
        'It repeats a name the shop uses for a group of customers.',
        'Write to the customer; leave labels out.',
      ),
    )
  return refusals.length > 0 ? { copy: null, refusals } : { copy, refusals }
}
