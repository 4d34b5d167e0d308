/** Bought lines of one name (category or brand), each weighing half as much for every 180 days of age. */
export interface Weighted {
  name: string
  weight: number
}

/** What the whole shop sells: share of each name, summing to at most 1. */
export type BaseShares = ReadonlyMap<string, number>

export const tasteHalfLifeDays = 180

export interface Taste {
  primaryCategory: string | null
  secondaryCategory: string | null
  /** smoothed share of the primary category, 0..1 */
  primaryShare: number
  favoriteBrands: string[]
  /** 0..1: share of orders bought with a discount, shrunk to the shop's */
  priceSensitivity: number
}

const categoryPrior = 2
const brandPrior = 4
const discountPrior = 4
const leastSecondary = 0.15
const leastLift = 1.5

/**
 * Categories by share, Dirichlet-smoothed towards the shop's; brands by how much more often than the shop's average
 * they are bought, weighted by the evidence. Ties go by name, so that the same orders always give the same answer.
 */
export function scoreTaste(
  bought: { categories: readonly Weighted[]; brands: readonly Weighted[]; orders: number; discountedOrders: number },
  base: { categories: BaseShares; brands: BaseShares; discounted: number },
): Taste {
  const total = weightOf(bought.categories)
  const shares = bought.categories
    .filter((c) => c.weight > 0)
    .map((c) => ({
      name: c.name,
      value: (c.weight + categoryPrior * (base.categories.get(c.name) ?? 0)) / (total + categoryPrior),
    }))
    .sort(byValue)
  const [primary, secondary] = shares
  const brandTotal = weightOf(bought.brands)
  const favorites = bought.brands
    .filter((b) => b.weight >= 1)
    .map((b) => {
      const common = base.brands.get(b.name) ?? 1e-4
      const lift = (b.weight + brandPrior * common) / ((brandTotal + brandPrior) * common)
      return { name: b.name, lift, value: b.weight * Math.log(lift) }
    })
    .filter((b) => b.lift >= leastLift)
    .sort(byValue)
  return {
    primaryCategory: primary?.name ?? null,
    secondaryCategory: secondary && secondary.value >= leastSecondary ? secondary.name : null,
    primaryShare: primary?.value ?? 0,
    favoriteBrands: favorites.slice(0, 3).map((b) => b.name),
    priceSensitivity: (bought.discountedOrders + discountPrior * base.discounted) / (bought.orders + discountPrior),
  }
}

const weightOf = (items: readonly Weighted[]): number => items.reduce((sum, item) => sum + item.weight, 0)
const byValue = (a: { name: string; value: number }, b: { name: string; value: number }): number =>
  b.value - a.value || (a.name < b.name ? -1 : 1)
