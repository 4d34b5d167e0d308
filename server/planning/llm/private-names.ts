import type { Pool } from 'pg'
import type { PlannerFacts } from '#core/planning/facts.ts'
import { nameCandidates } from '#core/planning/llm/quote.ts'

/**
 * Full names of customers that stand in what the shop typed (a segment called after its best customer, a note in an
 * offer): they are taken out of the prompt. One pass over the names; a single first name is too common to be one.
 */
export async function findPrivateNames(pool: Pool, facts: PlannerFacts): Promise<Set<string>> {
  const texts = [...facts.segments.flatMap((s) => [s.name, s.top_category ?? '']), ...facts.offers.map((o) => o.title)]
  // "Quackenbush, Zebulon" is the same person.
  const turned = (pair: string): string => pair.split(' ').toReversed().join(' ')
  const candidates = [...new Set(texts.flatMap(nameCandidates))]
  if (candidates.length === 0) return new Set()
  const { rows } = await pool.query<{ name: string }>(
    `select distinct lower(regexp_replace(trim(c.name), '\\s+', ' ', 'g')) as name from customers as c
     where c.name is not null and lower(regexp_replace(trim(c.name), '\\s+', ' ', 'g')) = any($1::text[])`,
    [[...new Set([...candidates, ...candidates.map(turned)])]],
  )
  return new Set(rows.flatMap((r) => [r.name, turned(r.name)]))
}
