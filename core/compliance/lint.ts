import { defaultPolicy, type Policy } from './policy.ts'
import type { Verdict } from './verdict.ts'

/** A second net only: the first is the typed offer. Words that advertising codes and state rules forbid or frown on. */
const nets: readonly { topic: string; words: RegExp; summary: string }[] = [
  {
    topic: 'minors',
    words:
      /\b(kids?|child(?:ren)?|teens?|teenagers?|toys?|cartoons?|santa|school(?!\s+of\s+wine)|college|spring break|frat(?:ernity)?|freshm[ae]n|candy|easter bunny)\b/giu,
    summary: 'may appeal to people under 21',
  },
  {
    topic: 'excess',
    words:
      /\b(drunk(?:en)?|wasted|hammered|smashed|binge|bottomless|all you can drink|chug(?:ging)?|shots? all night|get lit|blackout|hair of the dog|endless (?:drinks|pours)|drink (?:more|up))\b/giu,
    summary: 'encourages drinking too much',
  },
  {
    topic: 'health',
    words:
      /\b(healthy|health benefits?|antioxidants?|cures?|remedy|medicinal|therapeutic|hangover[- ]free|guilt[- ]free|low[- ]cal(?:orie)?|burns? fat|energy boost|helps you sleep|doctor[- ]recommended|heart[- ]healthy)\b/giu,
    summary: 'makes a claim about health',
  },
  {
    topic: 'driving',
    words: /\b(road soda|one for the road|drink and drive|behind the wheel)\b/giu,
    summary: 'ties drinking to driving',
  },
  {
    topic: 'success',
    words: /\b(get lucky|seduc\w+|sexier|more attractive|liquid courage|perform better|win(?:s|ning)? her over)\b/giu,
    summary: 'promises social, sexual or sporting success',
  },
  {
    topic: 'free',
    words:
      /\b(free|bogo|complimentary|on the house|no charge)\b(?![\s-]?(?:delivery|shipping|parking|tasting|of charge to enter))/giu,
    summary: 'says “free”: giving alcohol away is forbidden in many states, and filters dislike it',
  },
]

/** Warnings about the words of a message, each with the words found. Empty when nothing was found. */
export function lintCopy(text: string, policy: Policy = defaultPolicy()): Verdict[] {
  const rule = policy.rules.find((r) => r.type === 'content_lint')
  const plain = text.replace(/<[^>]*>/g, ' ')
  return nets.flatMap(({ topic, words, summary }) => {
    const found = [...new Set([...plain.matchAll(words)].map((m) => m[0].toLowerCase()))]
    if (found.length === 0) return []
    return [
      {
        outcome: rule?.effect === 'block' ? ('deny' as const) : ('warn' as const),
        rule_id: `${rule?.id ?? 'us-content-lint'}:${topic}`,
        summary: `“${found.join('”, “')}” ${summary}.`,
        source: rule?.source ?? 'advertising codes of DISCUS, Beer Institute and Wine Institute',
        confidence: rule?.confidence ?? ('medium' as const),
        cure: 'Say it another way.',
      },
    ]
  })
}
