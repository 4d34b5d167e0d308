import type { LlmTrace } from '#core/planning/plan.ts'
import { duration } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'

/** "$0.031" from millionths of a dollar; more digits where it costs less. */
export function microsWord(micros: number): string {
  const dollars = micros / 1e6
  const digits = dollars === 0 || dollars >= 1 ? 2 : dollars >= 0.01 ? 3 : 4
  return `$${dollars.toFixed(digits)}`
}

/** "gpt-4.1-mini, 2 questions, 8 s, $0.031". */
export function traceWord(trace: LlmTrace): string {
  return [
    trace.model,
    t('{n, plural, one {# question} other {# questions}}', { n: trace.rounds }),
    ...(trace.cached
      ? [t('known from before, no cost')]
      : [duration(trace.latency_ms / 1000), microsWord(trace.cost_micros)]),
  ].join(', ')
}
