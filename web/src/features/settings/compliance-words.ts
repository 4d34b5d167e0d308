import { call, type ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { queryClient, refresh } from '../../lib/query.ts'
import type { Tone } from '../../ui/pill.tsx'

export type Compliance = ReplyOf<'GET /api/v1/settings/compliance'>
export type Rule = Compliance['rules'][number]
type Change = { overrides?: Compliance['overrides']; unknown_effect?: Compliance['unknown_effect'] }

export const effects: Record<Rule['in_force'], { word: string; tone: Tone }> = {
  block: { word: 'Stops it', tone: 'risk' },
  defer: { word: 'Holds it back', tone: 'warn' },
  warn: { word: 'Warns', tone: 'warn' },
  info: { word: 'Told only', tone: 'neutral' },
  off: { word: 'Switched off', tone: 'neutral' },
}
export const effectWord = (effect: Rule['in_force']): string => t(effects[effect].word)

/** "US-IL" -> "IL". */
export function placeWord(jurisdiction: string): string {
  return jurisdiction === 'US' ? t('All of the US') : jurisdiction.slice(3)
}

/** Changes the rules as they were seen; refuses (412) when somebody else changed them meanwhile. */
export async function patchCompliance(seen: Compliance, change: Change): Promise<Compliance> {
  const saved = (await call(
    'PATCH /api/v1/settings/compliance',
    { body: change },
    { headers: { 'if-match': `"${seen.version}"` } },
  )) as Compliance
  queryClient.setQueryData(['GET /api/v1/settings/compliance', {}], saved)
  for (const reader of ['GET /api/v1/settings/compliance', 'GET /api/v1/offers', 'GET /api/v1/customers'])
    void refresh(reader)
  return saved
}
