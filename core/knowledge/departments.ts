import type { Department } from '../planning/offer.ts'

// Things that are named after a drink and are none.
const notDrinks =
  /\b(root|ginger)[ -]?(beer|ale)s?\b|\bwine (vinegar|glass|rack|opener|gum)|\bcooking (wine|sherry)|\brum (cake|raisin)|\bbeer (cheese|batter|nuts?|glass|bread)|\b(non[ -]?alcohol\w*|alcohol[ -]free|dealcoholi[sz]ed|zero[ -]proof|mocktail\w*)\b|\bvinegar|\bsoap\b|\brubbing\b|\bextract\b|\bgift cards?\b|\bmixers?\b|\bbarware\b|\bglassware\b/

const words: [Department, RegExp][] = [
  // Cooler and seltzer words stand in front: a "wine cooler" is sold and taxed as wine, a "hard seltzer" as beer.
  [
    'beer',
    /\b(beers?|ales?|lagers?|ipas?|neipa|stouts?|porters?|pilsners?|pilseners?|pils|hefeweizen|weissbier|witbier|saison|kolsch|malt liquors?|ciders?|hard seltzers?|seltzers?|hard tea|hard lemonade|fmbs?|brewery|brew|kegs?|six[ -]pack)\b/,
  ],
  [
    'wine',
    /\b(wines?|champagnes?|prosecco|cava|sparkling wine|chardonnay|cabernet|merlot|pinot|sauvignon|riesling|zinfandel|malbec|syrah|shiraz|rose|moscato|sangria|bordeaux|burgundy|chianti|rioja|tempranillo|vermouth|sherry|port wine|sake|mead|winery|varietal|red blend|white blend)\b/,
  ],
  [
    'spirits',
    /\b(spirits?|liquors?|whisk(e)?ys?|whiskies|bourbons?|scotch|rye|vodkas?|gins?|rums?|tequilas?|mezcals?|brand(y|ies)|cognacs?|armagnac|liqueurs?|cordials?|schnapps|absinthe|grappa|pisco|cachaca|moonshine|bitters|rtd|ready to drink|cocktails?|aperitifs?|amaro|soju|baijiu|distilled)\b/,
  ],
]

/** The department the law speaks of, from the shop's own words, most telling first. "Bourbon" -> spirits. */
export function departmentOf(...names: (string | null | undefined)[]): Department {
  for (const name of names) {
    if (!name) continue
    const text = name
      .normalize('NFKD')
      .replace(/[\u0300-\u036f]/g, '')
      .toLowerCase()
      .replace(/[_/&,]+/g, ' ')
    if (notDrinks.test(text)) return 'other'
    if (/\bmalt liquors?\b/.test(text)) return 'beer'
    for (const [department, pattern] of words) if (pattern.test(text)) return department
  }
  return 'other'
}
