import type { Customer } from './customer-words.ts'

/** Who this is in two or three sentences, from what the scores say; null while there are none. */
export function summaryOf({ scores }: Customer): string | null {
  if (!scores) return null
  const said = ['segment', 'rhythm', 'taste', 'hours']
    .map((term) => scores.reasons[term])
    .filter((words): words is string => typeof words === 'string')
  return said.length > 0
    ? said
        .slice(0, 3)
        .map((words) => `${words}.`)
        .join(' ')
    : null
}
