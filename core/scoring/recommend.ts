import type { Department } from '../planning/offer.ts'

/** A product that might be shown to a customer. */
export interface ShelfProduct {
  id: string
  sku: string
  name: string
  brand: string | null
  category: string
  department: Department
  priceCents: number
  isActive: boolean
  /** null: not counted */
  stock: number | null
  /** of the sales of its category in the last quarter, 0..1 */
  popularity: number
}

/** A product the customer bought: on which days, newest last, days since 1970-01-01. */
export interface BoughtProduct {
  id: string
  days: readonly number[]
}

export interface Neighbour {
  productId: string
  neighbourId: string
  similarity: number
}

export interface RecommendInput {
  asOfDay: number
  shelf: readonly ShelfProduct[]
  bought: readonly BoughtProduct[]
  neighbours: readonly Neighbour[]
  /** smoothed share of each category in what the customer buys */
  categories: Readonly<Record<string, number>>
  favoriteBrands: readonly string[]
  /** what the customer's store may sell */
  sells: readonly Department[]
  isAdult: boolean
}

export interface Recommendation {
  product: ShelfProduct
  kind: 'again' | 'goes_with' | 'popular'
  score: number
  /** why, as a shopkeeper would say it */
  reason: string
}

const halfLifeDays = 180
/** Bought a second time sooner than this many days ago: the bottle is still full. */
const dueFrom = 0.7
const popularWeight = 0.15
const brandBonus = 1.3

/**
 * Products worth showing to a customer: the usual that is due again, what goes with what they buy, and what sells well
 * on the shelf they like. Only what is in stock, on sale, and what their store may sell; nothing with alcohol to
 * anybody who is not known to be an adult.
 */
export function recommend(input: RecommendInput, limit: number): Recommendation[] {
  const shelf = new Map(input.shelf.filter((p) => maySell(p, input)).map((p) => [p.id, p]))
  const names = new Map(input.shelf.map((p) => [p.id, p.name]))
  const weights = new Map(
    input.bought.map(({ id, days }) => [
      id,
      days.reduce((sum, day) => sum + 2 ** ((day - input.asOfDay) / halfLifeDays), 0),
    ]),
  )
  const total = [...weights.values()].reduce((sum, w) => sum + w, 0)
  const found = new Map<string, Recommendation>()
  const offer = (id: string, kind: Recommendation['kind'], base: number, reason: string): void => {
    const product = shelf.get(id)
    if (!product || !(base > 0)) return
    const score = base * fitOf(product, input)
    const known = found.get(id)
    if (!known || score > known.score) found.set(id, { product, kind, score, reason })
  }
  for (const { id, days } of input.bought) {
    const again = againOf(days, input.asOfDay)
    if (again) offer(id, 'again', (weights.get(id)! / total) * again.due, again.reason)
  }
  for (const [id, { similarity, because }] of closest(input, weights, total))
    if (!weights.has(id))
      offer(id, 'goes_with', similarity, `Bought by people who buy ${names.get(because) ?? 'the same'}`)
  for (const product of shelf.values())
    if (!weights.has(product.id))
      offer(
        product.id,
        'popular',
        popularWeight * product.popularity * (input.categories[product.category] ?? 0),
        `Sells well in ${product.category}, which they buy`,
      )
  return [...found.values()].sort((a, b) => b.score - a.score || (a.product.id < b.product.id ? -1 : 1)).slice(0, limit)
}

function maySell(product: ShelfProduct, { sells, isAdult }: RecommendInput): boolean {
  if (!product.isActive || (product.stock !== null && product.stock <= 0)) return false
  return product.department === 'other' || (isAdult && sells.includes(product.department))
}

/** Bought at least twice, and about as long ago as between purchases before. */
function againOf(days: readonly number[], asOfDay: number): { due: number; reason: string } | null {
  const different = [...new Set(days)]
  const last = different.at(-1)
  if (last === undefined || different.length < 2) return null
  const gap = (last - different[0]!) / (different.length - 1)
  const since = asOfDay - last
  const due = since / gap
  // Given up long ago: it is not the usual any more.
  if (due < dueFrom || due > 4) return null
  return {
    due: Math.min(1, due),
    reason: `Buys it about every ${Math.round(gap) === 1 ? 'day' : `${Math.round(gap)} days`}, last ${since} days ago`,
  }
}

function closest(
  { neighbours }: RecommendInput,
  weights: ReadonlyMap<string, number>,
  total: number,
): Map<string, { similarity: number; because: string }> {
  const sums = new Map<string, { similarity: number; because: string; most: number }>()
  for (const { productId, neighbourId, similarity } of neighbours) {
    const weight = weights.get(productId)
    if (weight === undefined) continue
    const part = (weight / total) * similarity
    const known = sums.get(neighbourId) ?? { similarity: 0, because: productId, most: 0 }
    known.similarity += part
    if (part > known.most) {
      known.most = part
      known.because = productId
    }
    sums.set(neighbourId, known)
  }
  return sums
}

/** A category or brand that the customer likes counts more, up to a double. */
function fitOf(product: ShelfProduct, input: RecommendInput): number {
  const share = input.categories[product.category] ?? 0
  return (
    (0.5 + Math.min(1, 2 * share)) *
    (product.brand !== null && input.favoriteBrands.includes(product.brand) ? brandBonus : 1)
  )
}
