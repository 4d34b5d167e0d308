export type Meaning = 'stop' | 'start' | 'help' | 'other'

// FCC: stop, quit, end, revoke, opt out, cancel, unsubscribe are final by themselves; the rest is custom of the trade.
const stopWords = new Set(
  'stop stopall quit end revoke cancel unsubscribe optout arret arrete alto parar cancelar'.split(' '),
)
const startWords = new Set('start yes unstop'.split(' '))
const helpWords = new Set('help info ayuda'.split(' '))

// "Any reasonable means": what a person would read as a no. Only about getting messages, so that "stop by tonight?" is none.
const stopPhrases: readonly RegExp[] = [
  /\b(opt|opting)[ -]?(me )?out\b/,
  /\bunsubscribe\b/,
  /\b(take|get) me off\b/,
  /\bremove (me|my (number|phone|name))\b/,
  /\b(delete|lose|forget) my (number|phone|info|information)\b/,
  /\b(stop|quit|cease|end|cancel)( with)?( all| any| these| those| the| your| sending| send| me| my)*( sms| marketing| promo| promotional| spam)? ?(texts?|texting|messages?|messaging|msgs?|contacting|bothering|spamming|alerts|notifications|offers)\b/,
  /\b(don'?t|do not|never|please don'?t) (text|message|msg|contact|write|send)\b/,
  /\bno (more|further) (texts?|messages?|msgs?|offers|spam|sms)\b/,
  /\bleave me alone\b/,
  /\bwrong (number|person)\b/,
  /\b(i )?revoke (my )?consent\b/,
  /\bnot interested\b(?! in)/,
]

/** What a customer wants who texts back, with the reason in words. Unsure means `other`: a person should read it. */
export function classifyReply(body: string, keyword: Meaning | null = null): { meaning: Meaning; because: string } {
  if (keyword) return { meaning: keyword, because: 'the provider read it as a keyword' }
  const plain = body
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[^\p{L}\p{N}' -]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const bare = plain.replace(/[' -]/g, '').normalize('NFD').replace(/\p{M}/gu, '')
  if (stopWords.has(bare)) return { meaning: 'stop', because: `the word ${bare.toUpperCase()}` }
  if (startWords.has(bare)) return { meaning: 'start', because: `the word ${bare.toUpperCase()}` }
  if (helpWords.has(bare)) return { meaning: 'help', because: `the word ${bare.toUpperCase()}` }
  // "Stop please", "STOP!!! thanks", "pls cancel".
  const words = plain.split(' ')
  const polite = /^(please|pls|plz|thanks|thank|thx|you|now|ok|okay|hi|hello|it|this|all|just|sms|text|texts|me)$/
  const rest = words.filter((w) => !polite.test(w))
  if (rest.length === 1 && stopWords.has(rest[0]!))
    return { meaning: 'stop', because: `the word ${rest[0]!.toUpperCase()} and nothing else` }
  const phrase = stopPhrases.find((p) => p.test(plain))
  if (phrase) return { meaning: 'stop', because: `the words “${phrase.exec(plain)![0]}”` }
  return { meaning: 'other', because: 'no known word' }
}
