import { LimitSettings } from '#contract/settings.ts'
import { defaultPolicy } from '#core/compliance/policy.ts'
import { renderStateTable } from '#core/compliance/state-table.ts'
import { parseOfferText } from '#core/planning/offer-text.ts'

const asWritten = parseOfferText('Buy 2 get 10 % off')!

/** The example of the product's first brief: one offer for everybody, email and text, 18:00 to 22:00. */
export const seedExample = {
  asWritten,
  /** a bottle that costs $20 and is sold at $25 */
  priced: { ...asWritten, unit_cost_cents: 2000, regular_price_cents: 2500 },
  window: { start: '18:00', end: '22:00' },
}

const [begin, end] = ['<!-- generated: npm run docs:compliance -->', '<!-- end of generated -->']

/** The part of docs/compliance.md that is made from the policy. */
export function docsBlock(): string {
  return `${begin}\n\n${renderStateTable(seedExample, defaultPolicy(), LimitSettings.parse({}))}\n\n${end}`
}

/** The document with its generated part brought up to date. Throws when the markers are gone. */
export function withDocsBlock(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error('docs/compliance.md has lost its markers for the generated table.')
  return text.slice(0, from) + docsBlock() + text.slice(to + end.length)
}
