/** How the credit for one order is shared among the messages before it. */
export const attributionModels = ['first', 'last', 'linear', 'position', 'time_decay', 'shapley'] as const
export type AttributionModel = (typeof attributionModels)[number]

/** Credit halves with every so many days between message and order. */
export const halfLifeDays = 7
const day = 86_400_000

/** A message, or a channel, that touched the customer before the order. */
export interface CreditTouch {
  key: string
  at: Date
}

/**
 * Shares of one order for each touch, in the order of the touches (oldest first); they add up to 1. `position` is
 * 40 / 20 / 40: first and last get 40 % each, those between share 20 %; two share evenly.
 * Shapley needs more than one path: see `shapley`.
 */
export function creditOf(
  model: Exclude<AttributionModel, 'shapley'>,
  touches: readonly CreditTouch[],
  orderAt: Date,
): number[] {
  const n = touches.length
  if (n === 0) return []
  const raw = touches.map((touch, i) => {
    switch (model) {
      case 'first':
        return i === 0 ? 1 : 0
      case 'last':
        return i === n - 1 ? 1 : 0
      case 'linear':
        return 1
      case 'position':
        return n <= 2 ? 1 : i === 0 || i === n - 1 ? 0.4 : 0.2 / (n - 2)
      case 'time_decay':
        return 2 ** (-(orderAt.getTime() - touch.at.getTime()) / (halfLifeDays * day))
    }
  })
  const whole = raw.reduce((a, b) => a + b, 0)
  return raw.map((w) => w / whole)
}

/**
 * Shapley values of a game over few players: what each adds, averaged over every order of joining. `worth` gives the
 * value of a set (keys sorted, joined with "+"; the empty set is ""); values add up to worth(all) - worth(none).
 */
export function shapley(players: readonly string[], worth: (set: string) => number): Map<string, number> {
  const n = players.length
  if (n > 12) throw new RangeError('Shapley values of more than 12 players take too long')
  const sorted = players.toSorted()
  const nameOf = (mask: number): string => sorted.filter((_, i) => mask & (1 << i)).join('+')
  const values = Array.from({ length: 1 << n }, (_, mask) => worth(nameOf(mask)))
  const weight = Array.from({ length: n }, (_, size) => 1 / (n * choose(n - 1, size)))
  const out = new Map<string, number>()
  sorted.forEach((player, i) => {
    let sum = 0
    for (let mask = 0; mask < 1 << n; mask++)
      if (!(mask & (1 << i))) sum += weight[bits(mask)]! * (values[mask | (1 << i)]! - values[mask]!)
    out.set(player, sum)
  })
  return out
}

function bits(mask: number): number {
  let n = 0
  for (let m = mask; m; m &= m - 1) n++
  return n
}

function choose(n: number, k: number): number {
  let c = 1
  for (let i = 0; i < k; i++) c = (c * (n - i)) / (i + 1)
  return c
}
