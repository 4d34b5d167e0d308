import type { Verdict } from './verdict.ts'

/** The texts that verdicts ask a message to carry, each once. */
export function requiredTexts(verdicts: readonly Verdict[]): string[] {
  return [...new Set(verdicts.flatMap((v) => (v.outcome === 'require' && v.text ? [v.text] : [])))]
}

/** A refusal for each required text that the message does not carry: the law may have changed since it was planned. */
export function missingTexts(verdicts: readonly Verdict[], carried: string): Verdict[] {
  return verdicts.flatMap((v): Verdict[] => {
    if (v.outcome !== 'require' || !v.text || carried.includes(v.text)) return []
    const { text, ...rule } = v
    return [
      {
        ...rule,
        outcome: 'deny',
        summary: `The message lacks a text it must carry: “${text}”`,
        cure: 'Plan it again: the text is added by itself.',
      },
    ]
  })
}
