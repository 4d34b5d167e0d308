import type { Verdict } from '#core/compliance/verdict.ts'
import { t } from '../../lib/i18n.ts'
import { Pill } from '../../ui/pill.tsx'
import { outcomeTone, outcomeWord } from './plan-words.ts'

/** Where a rule comes from; links when it names a page. */
export function RuleSource({ source }: { source: string }) {
  const url = /https?:\/\/[^\s)]+/.exec(source)?.[0]
  if (!url) return source
  const rest = source
    .replace(url, '')
    .replace(/[\s(),;:]+$/, '')
    .trim()
  return (
    <a href={url} target="_blank" rel="noreferrer" className="link">
      {rest || new URL(url).hostname}
    </a>
  )
}

/** Rules in words: what they say, where they come from, what would cure it. */
export function VerdictList({ verdicts }: { verdicts: readonly Verdict[] }) {
  return (
    <ul className="space-y-3">
      {verdicts.map((v) => (
        <li key={`${v.rule_id}-${v.outcome}`} className="border-l-3 border-line pl-3">
          <p>
            <Pill tone={outcomeTone(v.outcome)}>{outcomeWord(v.outcome)}</Pill> {v.summary}
          </p>
          {v.cure && <p className="mt-1 text-sm">{t('What helps: {cure}', { cure: v.cure })}</p>}
          {v.text && <p className="mt-1 text-sm text-ink-2">{t('Added to the message: “{text}”', { text: v.text })}</p>}
          <p className="mt-1 text-sm text-ink-2">
            <RuleSource source={v.source} /> <span>{confidenceWord(v.confidence)}</span>
          </p>
        </li>
      ))}
    </ul>
  )
}

function confidenceWord(confidence: Verdict['confidence']): string {
  if (confidence === 'high') return ''
  return confidence === 'medium'
    ? t('(our reading, medium confidence)')
    : t('(our reading, low confidence: ask your lawyer)')
}
