/** A notice in words: ICU text and the values for it, so that the UI can translate it and a chat room can read it. */
export interface NoticeWords {
  text: string
  values: Readonly<Record<string, string | number>>
}
export type NoticeLevel = 'info' | 'good' | 'warn' | 'risk'
type Facts = Readonly<Record<string, unknown>>

const n = (facts: Facts, name: string): number => Number(facts[name] ?? 0)
const s = (facts: Facts, name: string, fallback = ''): string => {
  const value = facts[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : fallback
}

/**
 * Every kind of notice: what it says. Facts are counts and names of things of the shop; no words of an error, which may
 * quote an address.
 */
const kinds: Readonly<Record<string, (facts: Facts) => NoticeWords>> = {
  import_done: (f) => ({
    text: 'Import of {source}: {new} new, {changed} changed, {rejected} refused',
    values: { source: s(f, 'source'), new: n(f, 'new'), changed: n(f, 'changed'), rejected: n(f, 'rejected') },
  }),
  import_failed: (f) => ({
    text: 'Import of {source} failed',
    values: { source: s(f, 'source') },
  }),
  job_failed: (f) => ({
    text: '{what} failed',
    values: { what: s(f, 'what') },
  }),
  export_ready: (f) => ({
    text: 'Your export of {rows} rows is ready; the file goes in a day',
    values: { rows: n(f, 'rows') },
  }),
  campaign_completed: (f) => ({
    text: '{name} is done: {completed} of {total} messages left, {failed} failed',
    values: { name: s(f, 'name'), completed: n(f, 'completed'), total: n(f, 'total'), failed: n(f, 'failed') },
  }),
  campaign_paused: (f) => ({
    text: '{name} paused itself: {reason}',
    values: { name: s(f, 'name'), reason: s(f, 'reason', 'no reason is known') },
  }),
  provider_down: (f) => ({
    text: '{provider} takes no messages; they wait, or leave through another provider',
    values: { provider: s(f, 'provider') },
  }),
  mailbox_broken: (f) => ({
    text: 'The bounce mailbox of {provider} cannot be read',
    values: { provider: s(f, 'provider') },
  }),
  hooks_refused: (f) => ({
    text: 'Reports of {provider} are refused: their signature does not fit',
    values: { provider: s(f, 'provider') },
  }),
  till_parked: (f) => ({
    text: '{count} posts of {till} need a look',
    values: { till: s(f, 'till'), count: n(f, 'count') },
  }),
  replies: (f) => ({
    text: '{count, plural, one {A customer wrote back} other {# customers wrote back}}',
    values: { count: n(f, 'count') },
  }),
  draw_broken: (f) => ({
    text: 'The draw of {name} is broken: its versions got other shares than planned, so it shows no figures',
    values: { name: s(f, 'name') },
  }),
  test_decided: (f) => ({ text: '{name} is decided', values: { name: s(f, 'name') } }),
  rollup_mismatch: (f) => ({
    text: '{count} sums did not equal a recount and were counted anew',
    values: { count: n(f, 'count') },
  }),
  report_failed: (f) => ({
    text: 'The report {name} did not reach everybody',
    values: { name: s(f, 'name') },
  }),
  webhook_disabled: (f) => ({
    text: 'The webhook {name} was switched off: {reason}',
    values: { name: s(f, 'name'), reason: s(f, 'reason') },
  }),
}
export const noticeKinds: readonly string[] = Object.keys(kinds)

/** What a notice says; a kind of a newer version says its own name. */
export function noticeWords(kind: string, facts: Facts): NoticeWords {
  return kinds[kind]?.(facts) ?? { text: '{kind}', values: { kind: kind.replaceAll('_', ' ') } }
}

/** Plain English, for where no translation is at hand. */
export function noticeText(kind: string, facts: Facts): string {
  const { text, values } = noticeWords(kind, facts)
  return pluralOf(text, values).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}

/** The one form of ICU that notices use: `{count, plural, one {…} other {# …}}` over the whole text. */
function pluralOf(text: string, values: NoticeWords['values']): string {
  const found = /^\{(\w+), plural, one \{([^}]*)\} other \{([^}]*)\}\}$/.exec(text)
  if (!found) return text
  const count = Number(values[found[1]!] ?? 0)
  return (count === 1 ? found[2]! : found[3]!).replace('#', String(count))
}
