import { priceTierOf, priceTiers, sizeClasses, sizeClassOf, type Bought, type Weighted } from './taste.ts'

/** A product as taste sees it. */
export interface CatalogProduct {
  id: string
  category: string
  brand: string | null
  sizeMl: number | null
  priceCents: number
}

/** Products by place, with the places of what they are in short lists: millions of lines are counted by number. */
export interface Catalog {
  categories: readonly string[]
  brands: readonly string[]
  /** by place of the product; -1: has none */
  category: Int32Array
  brand: Int32Array
  tier: Int8Array
  size: Int8Array
}

/** Sorts out a catalogue. Where a size is missing the price itself stands for the price per litre. */
export function catalogOf(products: readonly CatalogProduct[]): Catalog {
  const categories = [...new Set(products.map((p) => p.category))].sort()
  const brands = [...new Set(products.flatMap((p) => p.brand ?? []))].sort()
  const placeOfCategory = new Map(categories.map((name, i) => [name, i]))
  const placeOfBrand = new Map(brands.map((name, i) => [name, i]))
  const perLitre = (p: CatalogProduct): number => p.priceCents / 100 / ((p.sizeMl ?? 1000) / 1000)
  const isSized = (p: CatalogProduct): boolean => p.sizeMl !== null
  // A median of sized products says nothing about the unsized ones.
  const keyOf = (p: CatalogProduct): string => `${isSized(p)}|${p.category}`
  const prices = new Map<string, number[]>()
  for (const p of products) prices.set(keyOf(p), [...(prices.get(keyOf(p)) ?? []), perLitre(p)])
  const medians = new Map([...prices].map(([key, list]) => [key, medianOf(list)]))
  return {
    categories,
    brands,
    category: Int32Array.from(products, (p) => placeOfCategory.get(p.category)!),
    brand: Int32Array.from(products, (p) => (p.brand === null ? -1 : placeOfBrand.get(p.brand)!)),
    tier: Int8Array.from(products, (p) => priceTierOf(perLitre(p), medians.get(keyOf(p))!)),
    size: Int8Array.from(products, (p) => sizeClassOf(p.sizeMl)),
  }
}

function medianOf(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2
}

export interface TasteBuilder {
  /** one bought line of the product at this place */
  add(product: number, weight: number): void
  /** what was bought, and a clean slate for the next customer */
  finish(): Bought
}

/** Counts the lines of one customer after the other. */
export function createTasteBuilder(catalog: Catalog): TasteBuilder {
  const categories = createTally(catalog.categories)
  const brands = createTally(catalog.brands)
  const tiers = new Array<number>(priceTiers.length).fill(0)
  const sizes = new Array<number>(sizeClasses.length).fill(0)
  return {
    add(product, weight) {
      categories.add(catalog.category[product]!, weight)
      if (catalog.brand[product]! >= 0) brands.add(catalog.brand[product]!, weight)
      const tier = catalog.tier[product]!
      if (tier >= 0) tiers[tier]! += weight
      const size = catalog.size[product]!
      if (size >= 0) sizes[size]! += weight
    },
    finish() {
      const bought = { categories: categories.finish(), brands: brands.finish(), tiers: [...tiers], sizes: [...sizes] }
      tiers.fill(0)
      sizes.fill(0)
      return bought
    },
  }
}

function createTally(names: readonly string[]): { add(place: number, weight: number): void; finish(): Weighted[] } {
  const weights = new Float64Array(names.length)
  const seen: number[] = []
  return {
    add(place, weight) {
      if (weights[place] === 0) seen.push(place)
      weights[place]! += weight
    },
    finish() {
      // By place, so that the order of the lines does not show.
      const found = seen.sort((a, b) => a - b).map((place) => ({ name: names[place]!, weight: weights[place]! }))
      for (const place of seen) weights[place] = 0
      seen.length = 0
      return found
    },
  }
}
