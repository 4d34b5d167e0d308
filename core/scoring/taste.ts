import { occasions, type Occasion } from './occasions.ts'

/** Bought lines of one name (category or brand), each weighing half as much for every 180 days of age. */
export interface Weighted {
  name: string
  weight: number
}

/** What the whole shop sells: share of each name, summing to at most 1. */
export type BaseShares = Readonly<Record<string, number>>

export const tasteHalfLifeDays = 180

/**
 * Price tiers, by price per litre over the median of the product's category. The steps are those in which the trade
 * sorts spirits ($8, 15, 25 and 40 a litre at cost) around a median of $11.50: facts/science.md §5.
 */
export const priceTiers = ['value', 'standard', 'premium', 'super_premium', 'luxury'] as const
const tierSteps = [0.7, 1.3, 2.2, 3.5]
/** Bottle sizes: below 500 ml, the usual bottle, a litre and more, 1.75 l and more. */
export const sizeClasses = ['small', 'bottle', 'large', 'bulk'] as const
const sizeSteps = [500, 1000, 1750]

/** Place in `priceTiers`, -1 when it cannot be told. */
export function priceTierOf(pricePerLitre: number, categoryMedian: number): number {
  if (!(pricePerLitre > 0 && categoryMedian > 0)) return -1
  return tierSteps.filter((step) => pricePerLitre / categoryMedian >= step).length
}

/** Place in `sizeClasses`, -1 when the size is not known. */
export function sizeClassOf(sizeMl: number | null): number {
  return sizeMl === null || !(sizeMl > 0) ? -1 : sizeSteps.filter((step) => sizeMl >= step).length
}

export interface Bought {
  categories: readonly Weighted[]
  brands: readonly Weighted[]
  /** weights by place in priceTiers and sizeClasses */
  tiers: readonly number[]
  sizes: readonly number[]
}

export interface TasteBase {
  categories: BaseShares
  brands: BaseShares
  tiers: readonly number[]
  sizes: readonly number[]
  occasions: readonly number[]
  discounted: number
}

export interface Taste {
  primaryCategory: string | null
  secondaryCategory: string | null
  /** smoothed share of the primary category, 0..1 */
  primaryShare: number
  favoriteBrands: string[]
  /** what the customer buys clearly more than the shop's average; null: like everybody, or too little to say */
  priceTier: (typeof priceTiers)[number] | null
  sizeClass: (typeof sizeClasses)[number] | null
  occasion: Occasion | null
  /** 0..1: share of orders bought with a discount, shrunk to the shop's */
  priceSensitivity: number
}

const categoryPrior = 2
const brandPrior = 4
const sharePrior = 4
const discountPrior = 4
const leastSecondary = 0.15
const leastLift = 1.5
const leastShareLift = 1.25
const leastWeight = 2

/**
 * Categories by share, Dirichlet-smoothed towards the shop's; brands by how much more often than the shop's average
 * they are bought, weighted by the evidence; price tier, size and occasion by the same lift, named only where it is
 * clear. Ties go by name, so that the same orders always give the same answer.
 */
export function scoreTaste(
  bought: Bought,
  facts: { orders: number; discountedOrders: number; occasions: readonly number[] },
  base: TasteBase,
): Taste {
  const shares = smoothedShares(bought.categories, base.categories, categoryPrior)
  const [primary, secondary] = shares
  const favorites = favoriteNames(bought.brands, base.brands)
  return {
    primaryCategory: primary?.name ?? null,
    secondaryCategory: secondary && secondary.value >= leastSecondary ? secondary.name : null,
    primaryShare: primary?.value ?? 0,
    favoriteBrands: favorites.slice(0, 3),
    priceTier: clearPlace(priceTiers, bought.tiers, base.tiers),
    sizeClass: clearPlace(sizeClasses, bought.sizes, base.sizes),
    occasion: clearPlace(occasions, facts.occasions, base.occasions),
    priceSensitivity: (facts.discountedOrders + discountPrior * base.discounted) / (facts.orders + discountPrior),
  }
}

/** Share of each name, drawn to the shop's with the weight of `prior` lines; the highest first. */
export function smoothedShares(
  items: readonly Weighted[],
  base: BaseShares,
  prior: number,
): { name: string; value: number }[] {
  const total = weightOf(items)
  return items
    .filter((item) => item.weight > 0)
    .map(({ name, weight }) => ({ name, value: (weight + prior * (base[name] ?? 0)) / (total + prior) }))
    .sort(byValue)
}

function favoriteNames(brands: readonly Weighted[], base: BaseShares): string[] {
  const total = weightOf(brands)
  return brands
    .filter((b) => b.weight >= 1)
    .map(({ name, weight }) => {
      const common = base[name] ?? 1e-4
      const lift = (weight + brandPrior * common) / ((total + brandPrior) * common)
      return { name, lift, value: weight * Math.log(lift) }
    })
    .filter((b) => b.lift >= leastLift)
    .sort(byValue)
    .map((b) => b.name)
}

/** The one of several classes that somebody prefers: share and lift over the base, both clearly. */
function clearPlace<const N extends string>(
  names: readonly N[],
  weights: readonly number[],
  base: readonly number[],
): N | null {
  const total = weights.reduce((sum, w) => sum + w, 0)
  if (total < leastWeight) return null
  let best: N | null = null
  let bestValue = 0
  names.forEach((name, i) => {
    const common = Math.max(1e-3, base[i] ?? 0)
    const share = ((weights[i] ?? 0) + sharePrior * common) / (total + sharePrior)
    if (share / common < leastShareLift || share < 0.4) return
    const value = share * Math.log(share / common)
    if (value > bestValue) {
      best = name
      bestValue = value
    }
  })
  return best
}

const weightOf = (items: readonly Weighted[]): number => items.reduce((sum, item) => sum + item.weight, 0)
const byValue = (a: { name: string; value: number }, b: { name: string; value: number }): number =>
  b.value - a.value || (a.name < b.name ? -1 : 1)
