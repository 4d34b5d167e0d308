import { z } from 'zod'
import { Window } from '../plan.ts'
import type { Aliases } from './brief.ts'

/** What may be said in a message instead of the template's own words; empty parts fall back to the template. */
const CopyAnswer = z.object({
  subject: z.string(),
  preheader: z.string(),
  headline: z.string(),
  body: z.string(),
})
const EntryAnswer = z.object({
  segment: z.string(),
  offer: z.string(),
  channel: z.enum(['email', 'sms']),
  day: z.iso.date(),
  start: Window.shape.start,
  end: Window.shape.end,
  reason: z.string(),
  copy: CopyAnswer.nullable().optional(),
})
export type EntryAnswer = z.infer<typeof EntryAnswer>

/** More entries than any plan needs: the rest is not read. */
const mostEntries = 150

/** JSON schema of the answer for structured output: strict, every field required, only our aliases. */
export function answerSchema(aliases: Aliases, days: readonly string[], channels: readonly string[]): object {
  const text = { type: 'string' }
  const object = (properties: object): object => ({
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
  })
  const clock = { type: 'string', description: '24 hours, like 17:30' }
  return object({
    entries: {
      type: 'array',
      items: object({
        segment: { type: 'string', enum: [...aliases.segment.keys()] },
        offer: { type: 'string', enum: [...aliases.offer.keys()] },
        channel: { type: 'string', enum: [...channels] },
        day: { type: 'string', enum: [...days] },
        start: clock,
        end: clock,
        reason: text,
        copy: object({ subject: text, preheader: text, headline: text, body: text }),
      }),
    },
  })
}

export interface ReadAnswer {
  /** entries that have the right shape, with their place in the answer */
  entries: { index: number; entry: EntryAnswer }[]
  faults: { index: number | null; message: string }[]
}

/** Reads what a model wrote. Never throws: text without a plan in it is one fault. */
export function readAnswer(text: string): ReadAnswer {
  const json = jsonIn(text)
  const list: unknown = typeof json === 'object' && json !== null ? Reflect.get(json, 'entries') : undefined
  if (!Array.isArray(list))
    return { entries: [], faults: [{ index: null, message: 'The answer is not JSON with a list “entries”.' }] }
  const out: ReadAnswer = { entries: [], faults: [] }
  for (const [index, item] of list.slice(0, mostEntries).entries()) {
    const parsed = EntryAnswer.safeParse(item)
    if (parsed.success) out.entries.push({ index, entry: parsed.data })
    else {
      const issue = parsed.error.issues[0]
      out.faults.push({ index, message: `Its field “${issue?.path.join('.') || 'entry'}” is missing or wrong.` })
    }
  }
  if (list.length > mostEntries)
    out.faults.push({ index: null, message: `Only the first ${mostEntries} of ${list.length} entries were read.` })
  return out
}

/** The JSON in a text: alone, in a code fence, or between words. */
function jsonIn(text: string): unknown {
  const fenced = /```(?:json)?\s*([\s\S]*?)```/.exec(text)?.[1]
  const braces = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)
  for (const candidate of [text, fenced, braces]) {
    if (!candidate?.trim()) continue
    try {
      return JSON.parse(candidate)
    } catch {
      // The next form may be one.
    }
  }
  return undefined
}
