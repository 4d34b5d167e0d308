import { parseCents } from '../money.ts'
import { noOffer, type Department, type Offer } from './offer.ts'

type Terms = Pick<Offer, 'kind'> & Partial<Omit<Offer, 'id' | 'key' | 'title'>>

/**
 * Reads an offer written in words ("Buy 2 get 10 % off") into typed terms, or null when it is not understood: text that
 * speaks of a price and fits no kind is never taken for harmless. Cost and regular price are not in the words; they stay
 * unknown, and rules that need them warn.
 */
export function parseOfferText(text: string): Offer | null {
  const line = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{C}]/gu, ' ')
    .replace(/(\d)\s*(?:%|percent\b|pct\b)/g, '$1%')
    .replace(/\b(one|two|three|four|five|six|seven|eight|nine|ten|twelve)\b/g, (word) =>
      String(numbers[word as keyof typeof numbers]),
    )
    .replace(/\b(?:a|another) free\b/g, '1 free')
    .replace(/\s+/g, ' ')
    .trim()
  if (line === '') return null
  const terms = readers.reduce<Terms | null>((found, read) => found ?? read(line), null)
  if (!terms) return null
  return {
    ...noOffer,
    key: 'in_words',
    title: text.trim().replace(/\s+/g, ' ').slice(0, 200),
    ...(terms.kind === 'content' ? {} : couponOf(text)),
    department: departmentOf(line),
    ...terms,
  }
}

const numbers = {
  one: 1, two: 2, three: 3, four: 4, five: 5, six: 6, seven: 7, eight: 8, nine: 9, ten: 10, twelve: 12,
} // prettier-ignore
const money = String.raw`\$\s?(\d+(?:,\d{3})*(?:\.\d{1,2})?)`
const alcohol = String.raw`(?:bottles?|wines?|beers?|cans?|cases?|six[- ]?packs?|[46]-packs?|pints?|pours?|drinks?|shots?|cocktails?|whisk(?:e)?ys?|bourbons?|ryes?|vodkas?|gins?|rums?|tequilas?|mezcals?|champagnes?|proseccos?|ciders?|seltzers?|lagers?|ales?|ipas?|spirits?|liquors?|minis?|nips?)`

const cents = (text: string | undefined): number => parseCents(text ?? '') ?? 0
const whole = (text: string | undefined): number => Math.max(1, Number(text ?? 1))

/** In order: the first that understands the line decides. */
const readers: ((line: string) => Terms | null)[] = [
  // buy 1 get 1 free, buy 2 cases get 1 for a penny, bogo
  (line) => {
    const bought =
      /\bbuy (\d+)\b[^.]*?\bget (?:\d+ ?(?:more )?|it )?[^.%$]*?(?:free|for a penny|on us|gratis|at no charge)\b/.exec(
        line,
      )
    if (bought) return { kind: 'bogo', min_quantity: whole(bought[1]) }
    if (/\b(?:bogo|bogof|b1g1|buy[- ]?1[- ]?get[- ]?1)\b(?![^.]*\d+%)/.test(line))
      return { kind: 'bogo', min_quantity: 1 }
    return /\b2[- ]for[- ]1\b|\b2[- ]4[- ]1\b/.test(line) ? { kind: 'bogo', min_quantity: 1 } : null
  },
  // buy 1 get 1 50% off: the saving is spread over what is bought
  (line) => {
    const some = /\bbuy (\d+)\b[^.]*?\bget (?:the )?(\d+)(?:nd|rd|th)?[^.%]*? (\d+(?:\.\d+)?)% off/.exec(line)
    if (!some) return null
    const [bought, more] = [whole(some[1]), whole(some[2])]
    return { kind: 'multi_buy', min_quantity: bought + more, value: round((Number(some[3]) * more) / (bought + more)) }
  },
  // buy 2 get 10% off, mix any 6 save 10%, 10% off 6 or more, 15% off when you buy 12
  (line) => {
    const first =
      /\b(?:buy|mix|take|choose|pick|any|get)(?: any)? (\d+)\b[^.%$]*? (?:get|save|for|and save|take|at|, )?,? ?(\d+(?:\.\d+)?)%/.exec(
        line,
      )
    if (first) return { kind: 'multi_buy', min_quantity: whole(first[1]), value: Number(first[2]) }
    const last =
      /\b(\d+(?:\.\d+)?)% (?:off|discount|savings?)\b[^.%$]*?\b(?:buy|of|on|for)?\s?(?:any )?(\d+)(?: or more|\+| bottles| cases| items)/.exec(
        line,
      )
    if (last) return { kind: 'multi_buy', min_quantity: whole(last[2]), value: Number(last[1]) }
    const buying = /\b(\d+(?:\.\d+)?)% (?:off|discount)\b[^.%$]*? when you buy (\d+)/.exec(line)
    if (buying) return { kind: 'multi_buy', min_quantity: whole(buying[2]), value: Number(buying[1]) }
    const byCase =
      /\b(\d+(?:\.\d+)?)% (?:off|discount)\b[^.%$]*?\bby the case\b|\bcase discounts? of (\d+(?:\.\d+)?)%/.exec(line)
    return byCase ? { kind: 'multi_buy', min_quantity: 12, value: Number(byCase[1] ?? byCase[2]) } : null
  },
  // 2 for $20
  (line) => {
    const many = new RegExp(String.raw`\b(\d+)(?: \w+){0,3} for ${money}`).exec(line)
    return many && Number(many[1]) > 1
      ? { kind: 'price_point', min_quantity: Number(many[1]), value: Math.round(cents(many[2]) / Number(many[1])) }
      : null
  },
  // $5 off $60, $5 off when you spend $60, spend $60 save $5
  (line) => {
    const off = new RegExp(String.raw`${money} (?:off|discount|coupon|voucher|rebate|back)(?:[^$%]*?${money})?`).exec(
      line,
    )
    if (off) return { kind: 'amount_off', value: cents(off[1]), min_spend_cents: off[2] ? cents(off[2]) : null }
    const spend = new RegExp(String.raw`\bspend ${money}[^$%]*?(?:save|get|take) ${money}`).exec(line)
    if (spend) return { kind: 'amount_off', value: cents(spend[2]), min_spend_cents: cents(spend[1]) }
    const save = new RegExp(String.raw`\bsave ${money}(?:[^$%]*?${money})?`).exec(line)
    return save ? { kind: 'amount_off', value: cents(save[1]), min_spend_cents: save[2] ? cents(save[2]) : null } : null
  },
  // 10% off, save 15%, half price
  (line) => {
    const minimum = new RegExp(String.raw`(?:spend|over|orders? of|above|minimum)[^$]*${money}`).exec(line)
    const least = minimum ? { min_spend_cents: cents(minimum[1]) } : {}
    const off = /\b(\d+(?:\.\d+)?)%/.exec(line)
    if (off) return Number(off[1]) > 100 ? null : { kind: 'percent_off', value: Number(off[1]), ...least }
    return /\bhalf[- ](?:price|off)\b/.test(line) ? { kind: 'percent_off', value: 50, ...least } : null
  },
  // a free bottle, a free glass with every purchase, gift with purchase
  (line) => {
    if (
      /\bfree (?:delivery|shipping|parking|tastings?(?! (?:glass|mug))|entry|admission|pick ?up|gift ?wrap)/.test(line)
    )
      return null
    const given = new RegExp(String.raw`\b(?:free|complimentary|on the house|gratis)\b`).test(line)
    if (given)
      return new RegExp(String.raw`\b${alcohol}\b(?! (?:glass|opener|bag|holder|koozie))`).test(
        line.replace(/with (?:every|any|each|your|purchase|the purchase).*$/, ''),
      )
        ? { kind: 'free_item' }
        : { kind: 'gift' }
    return /\bgift with (?:any |every )?purchase\b|\bgift with (?:every|each|any)\b|\bprize|\bgiveaway|\bsweepstakes?\b/.test(
      line,
    )
      ? { kind: 'gift' }
      : null
  },
  (line) => {
    const points = /\b(\d[\d,]*) (?:bonus |extra |reward )?points\b/.exec(line)
    if (points) return { kind: 'points', value: Number(points[1]!.replaceAll(',', '')) }
    return /\b(?:double|triple|bonus|extra) (?:reward )?points\b/.test(line) ? { kind: 'points', value: 100 } : null
  },
  // only $19.99, now $24, at $20
  (line) => {
    const price = new RegExp(String.raw`(?:only|now|just|for|at|from|special|:)\s*${money}|^${money}\b`).exec(line)
    const value = price?.[1] ?? price?.[2]
    return value ? { kind: 'price_point', value: cents(value) } : null
  },
  (line) =>
    /\btastings?\b(?! (?:glass|mug))|meet the (?:maker|winemaker|brewer|distiller)|\bmasterclass\b/.test(line)
      ? { kind: 'tasting_event' }
      : null,
  (line) =>
    /\bearly access\b|\bfirst (?:look|pick|dibs|access)\b|before (?:anybody|anyone|everybody|everyone)/.test(line)
      ? { kind: 'early_access' }
      : null,
  // Words without any price in them are news; words that smell of one and were not understood are not.
  (line) =>
    /[$%€£]|\b(?:free|off|sale|discount\w*|deals?|save|savings?|coupon|rebate|voucher|clearance|bogo|price[sd]?|cheap\w*|markdown|points?|win|prize)\b|\bbuy \d/.test(
      line,
    )
      ? null
      : { kind: 'content' },
]

const round = (n: number): number => Math.round(n * 100) / 100

function couponOf(text: string): Partial<Offer> {
  const code = /\b(?:code|coupon|voucher):?\s+["“']?([A-Z0-9][A-Z0-9-]{2,19})\b/.exec(text)?.[1] ?? null
  const isCoupon = code !== null || /\b(?:coupons?|vouchers?|clip|promo code|rebate)\b/i.test(text)
  const isSuppliers =
    /\b(?:manufacturer|supplier|distiller|distillery|brewery|winery|importer|brand|vendor)(?:['’]s|s)?[- ]?(?:funded|paid|sponsored|coupon|rebate|voucher)|\bsponsored by\b|\bcourtesy of\b/i.test(
      text,
    )
  return {
    ...(isCoupon ? { redeemable_as_coupon: true, code } : {}),
    ...(isSuppliers ? { funded_by: 'supplier' } : {}),
  }
}

const shelves: [Department, RegExp][] = [
  ['beer', /\b(?:beers?|lagers?|ipas?|ales?|stouts?|pilsners?|ciders?|seltzers?|six[- ]?packs?|kegs?|brews?)\b/],
  [
    'wine',
    /\b(?:wines?|champagnes?|proseccos?|cabernets?|merlots?|pinots?|chardonnays?|ros[eé]s?|reds?|whites?|rieslings?|malbecs?|ports?)\b/,
  ],
  [
    'spirits',
    /\b(?:spirits?|liquors?|whisk(?:e)?ys?|bourbons?|ryes?|scotch(?:es)?|vodkas?|gins?|rums?|tequilas?|mezcals?|cognacs?|brand(?:y|ies))\b/,
  ],
]

/** The one shelf the words name; several or none: the whole range, which every rule speaks of. */
function departmentOf(line: string): Department | null {
  const named = shelves.filter(([, words]) => words.test(line))
  return named.length === 1 ? named[0]![0] : null
}

/** The offer of the catalogue that has exactly these terms, or null. */
export function sameTerms(terms: Offer, catalogue: readonly Offer[]): Offer | null {
  const found = catalogue.filter(
    (o) =>
      o.kind === terms.kind &&
      o.value === terms.value &&
      (o.min_quantity ?? null) === (terms.min_quantity ?? null) &&
      (o.min_spend_cents ?? null) === (terms.min_spend_cents ?? null) &&
      (terms.department === null || o.department === terms.department),
  )
  return found.length === 1 ? found[0]! : null
}
