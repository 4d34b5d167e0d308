import { checkPlan } from '../check.ts'
import { daysOf } from '../week.ts'
import type { PlannerFacts } from '../facts.ts'
import type { PlanEntry, Refusal } from '../plan.ts'
import { answerSchema, readAnswer } from './answer.ts'
import { briefOf, type Brief } from './brief.ts'
import { placeAnswer, type Problem } from './place.ts'
import { repairWords } from './repair-words.ts'
import { firstQuestion, repairQuestion, type Message } from './prompt.ts'

export interface Talk {
  facts: PlannerFacts
  locked: readonly PlanEntry[]
  brief: Brief
  messages: readonly Message[]
  schema: object
  /** of the question that is asked now, from 1 */
  round: number
  maxRounds: number
  best: Heard | null
}

/** What is left of an answer after the checker. */
export interface Heard {
  /** locked entries included */
  entries: PlanEntry[]
  refused: Refusal[]
  problems: Problem[]
  worth: number
  /** entries of the answer that may not be sent */
  dropped: number
}

export type Step = { ask: Talk } | { done: Heard }

/** The beginning of a talk with a language model about one week. Pure: the caller asks, and brings the answers to `hear`. */
export function startTalk(
  facts: PlannerFacts,
  options: { locked?: readonly PlanEntry[]; maxRounds?: number; privateNames?: ReadonlySet<string> } = {},
): Talk {
  const locked = options.locked ?? []
  const brief = briefOf(facts, locked, options.privateNames ?? new Set())
  return {
    facts,
    locked,
    brief,
    messages: firstQuestion(brief.data),
    schema: answerSchema(brief.aliases, daysOf(facts), facts.limits.channels),
    round: 1,
    maxRounds: options.maxRounds ?? 3,
    best: null,
  }
}

/**
 * Takes an answer, whatever it is: either the next question (what the checker found goes back for repair), or the end with
 * the best that was legal. Only entries that passed the same checker as every other plan come out.
 */
export function hear(talk: Talk, answer: string): Step {
  const heard = judgeAnswer(talk, answer)
  const best = talk.best && talk.best.worth >= heard.worth ? talk.best : heard
  if (heard.problems.length === 0 || talk.round >= talk.maxRounds)
    return { done: heard.problems.length === 0 ? heard : best }
  return {
    ask: { ...talk, best, round: talk.round + 1, messages: repairQuestion(talk.messages, answer, heard.problems) },
  }
}

function judgeAnswer({ facts, locked, brief }: Talk, answer: string): Heard {
  const placed = placeAnswer(readAnswer(answer), brief.aliases, facts)
  const fixed = new Set(locked.map((e) => e.id))
  const checked = checkPlan([...locked, ...placed.entries.filter((e) => !fixed.has(e.id))], facts, fixed)
  const problems = [...placed.problems]
  for (const { entry_id, what, rule_id } of checked.changes) {
    if (what !== 'dropped' || fixed.has(entry_id)) continue
    const rule = rule_id ?? 'shop'
    problems.push({ index: placed.places.get(entry_id) ?? null, rule_id: rule, message: repairWords(rule, facts) })
  }
  const own = checked.entries.filter((e) => !fixed.has(e.id))
  if (own.length === 0 && problems.length === 0)
    problems.push({ index: null, rule_id: 'llm-empty', message: 'The answer has no entry that adds to the plan.' })
  return {
    entries: checked.entries,
    refused: [...placed.refused, ...checked.refused],
    problems,
    worth: own.reduce((sum, e) => sum + e.score, 0) + own.length * 1e-6,
    dropped:
      placed.problems.filter((p) => p.rule_id.startsWith('llm-')).length +
      checked.changes.filter((c) => c.what === 'dropped').length,
  }
}
