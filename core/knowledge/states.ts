const names: Record<string, string> = {
  AL: 'alabama',
  AK: 'alaska',
  AZ: 'arizona',
  AR: 'arkansas',
  CA: 'california',
  CO: 'colorado',
  CT: 'connecticut',
  DE: 'delaware',
  DC: 'district of columbia',
  FL: 'florida',
  GA: 'georgia',
  HI: 'hawaii',
  ID: 'idaho',
  IL: 'illinois',
  IN: 'indiana',
  IA: 'iowa',
  KS: 'kansas',
  KY: 'kentucky',
  LA: 'louisiana',
  ME: 'maine',
  MD: 'maryland',
  MA: 'massachusetts',
  MI: 'michigan',
  MN: 'minnesota',
  MS: 'mississippi',
  MO: 'missouri',
  MT: 'montana',
  NE: 'nebraska',
  NV: 'nevada',
  NH: 'new hampshire',
  NJ: 'new jersey',
  NM: 'new mexico',
  NY: 'new york',
  NC: 'north carolina',
  ND: 'north dakota',
  OH: 'ohio',
  OK: 'oklahoma',
  OR: 'oregon',
  PA: 'pennsylvania',
  RI: 'rhode island',
  SC: 'south carolina',
  SD: 'south dakota',
  TN: 'tennessee',
  TX: 'texas',
  UT: 'utah',
  VT: 'vermont',
  VA: 'virginia',
  WA: 'washington',
  WV: 'west virginia',
  WI: 'wisconsin',
  WY: 'wyoming',
  PR: 'puerto rico',
  VI: 'us virgin islands',
  GU: 'guam',
  AS: 'american samoa',
  MP: 'northern mariana islands',
}
/** The fifty states and the District of Columbia, by their two letters, in order. */
export const stateCodes: readonly string[] = Object.keys(names)
  .filter((code) => !['PR', 'VI', 'GU', 'AS', 'MP'].includes(code))
  .toSorted()
/** "District of Columbia" of "DC"; the code itself when it is none. */
export function stateName(code: string): string {
  return names[code]?.replace(/\b(?!of\b)[a-z]/g, (letter) => letter.toUpperCase()) ?? code
}

const codes = new Map(
  Object.entries(names).flatMap(([code, name]) => [
    [code.toLowerCase(), code],
    [name.replaceAll(' ', ''), code],
  ]),
)
for (const [alias, code] of [
  ['washingtondc', 'DC'],
  ['calif', 'CA'],
  ['penn', 'PA'],
  ['mass', 'MA'],
  ['tex', 'TX'],
  ['fla', 'FL'],
])
  codes.set(alias!, code!)

/** Two-letter code of a US state or territory from its code or name ("N.Y.", "New York", "US-NY"), else null. */
export function readState(text: string): string | null {
  return (
    codes.get(
      text
        .toLowerCase()
        .replace(/^us-/, '')
        .replace(/[^a-z]/g, ''),
    ) ?? null
  )
}
