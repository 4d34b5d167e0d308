import { expect, test } from 'vitest'
import { hostile, worldOf } from '#test/plan-fuzz.ts'
import { readAnswer } from './answer.ts'
import { hear, startTalk } from './talk.ts'

const { facts } = worldOf(4, ['TX'])
const talk = startTalk(facts, { maxRounds: 3 })
const [segment] = talk.brief.aliases.segment.keys()
const offerAlias = (key: string): string => [...talk.brief.aliases.offer].find(([, o]) => o.key === key)![0]
const day = facts.first_day
const entry = (part: object = {}): object => ({
  segment, offer: offerAlias('picks'), channel: 'email', day, start: '10:00', end: '17:00', reason: 'It fits.', copy: null, ...part,
}) // prettier-ignore
const say = (...entries: object[]): string => JSON.stringify({ entries })

test('the question is constant instructions and one block of data that its content cannot close', () => {
  const [system, user] = talk.messages
  expect(system!.content).toBe(startTalk(worldOf(5).facts).messages[0]!.content)
  expect(user!.content.match(/<\/?data>/g)).toEqual(['<data>', '</data>'])
  for (const text of hostile) expect(system!.content).not.toContain(text.slice(0, 20))
  expect(JSON.stringify(talk.schema)).not.toMatch(/segment_|Offer |Ignore/)
})

test('a lawful answer ends the talk; what the model claims about worth or law is not read', () => {
  const step = hear(talk, say(entry({ score: 1e9, reach: 1e9, locked: true, verdicts: [], template_id: 'x' })))
  if (!('done' in step)) throw new Error('asked again')
  const [made] = step.done.entries
  expect(made).toMatchObject({ segment: talk.brief.aliases.segment.get(segment!)!.key, locked: false })
  expect(made!.reach).toBeLessThanOrEqual(facts.segments[0]!.reachable.email)
  expect(step.done.problems).toEqual([])
})

test('an illegal answer is asked again with rules and fixed words only, and the best lawful part wins in the end', () => {
  const first = hear(talk, say(entry(), entry({ offer: offerAlias('gift'), day }), entry({ day: '2020-01-01' })))
  if (!('ask' in first)) throw new Error('ended')
  const repair = first.ask.messages.at(-1)!.content
  expect(repair).toContain('shop-outside-week')
  for (const text of hostile) expect(repair).not.toContain(text.slice(0, 20))
  const second = hear(first.ask, 'I give up.')
  if (!('ask' in second)) throw new Error('ended')
  const third = hear(second.ask, '{}')
  if (!('done' in third)) throw new Error('asked a fourth time')
  expect(third.done.entries.map((e) => e.offer.key)).toEqual(['picks'])
  expect(third.done.refused.length).toBeGreaterThan(0)
})

test('an offer in words is taken only when exactly one of the catalogue has its terms', () => {
  const placed = (said: string): string[] => {
    const step = hear({ ...talk, round: 3 }, say(entry({ offer: said })))
    return 'done' in step ? step.done.problems.map((p) => p.rule_id) : []
  }
  expect(placed('90% off everything')).toContain('llm-offer-unknown')
  expect(placed('free beer')).toContain('llm-offer-unknown')
  // Two offers take 10 % off: which one is meant cannot be known.
  expect(placed('10% off')).toContain('llm-offer-unknown')
  expect(placed('40% off')).not.toContain('llm-offer-unknown')
})

test('JSON is found alone, in a fence and between words, and anything else is one fault', () => {
  const json = say(entry())
  for (const text of [json, `\`\`\`json\n${json}\n\`\`\``, `Sure: ${json} Cheers`])
    expect(readAnswer(text).entries).toHaveLength(1)
  for (const text of ['', 'no', '[]', '{"entries": 5}', '{"entries":'.repeat(1000), 'null'])
    expect(readAnswer(text)).toMatchObject({ entries: [], faults: [{ index: null }] })
  expect(readAnswer(JSON.stringify({ entries: Array.from({ length: 500 }, () => entry()) })).entries.length).toBe(150)
})
