import type { ClientBase, Pool } from 'pg'
import { catalogOf, type Catalog } from '#core/scoring/catalog.ts'

/** The catalogue by place; a uuid finds its place by its words, without becoming a string first. */
export interface Products {
  catalog: Catalog
  ids: readonly string[]
  /** two words that stand for each product in a fingerprint, by place */
  words: Int32Array
  /** -1: no such product */
  placeOf(a: number, b: number, c: number, d: number): number
  placeOfId(id: string): number
}

/** Every product that was ever sold, inactive ones included: tastes outlive the shelf. */
export async function readProducts(client: ClientBase | Pool): Promise<Products> {
  const { rows } = await client.query<{
    id: string
    category: string
    brand: string | null
    sizeMl: number | null
    priceCents: number
  }>(
    `select p.id, p.category, p.brand, p.size_ml as "sizeMl", p.price_cents as "priceCents" from products as p order by p.id`,
  )
  const words = new Int32Array(2 * rows.length)
  const all = new Uint32Array(4 * rows.length)
  const byId = new Map<string, number>()
  // Open addressing, at most half full: a line finds its product without an object or a rounding of the key.
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * rows.length + 2))).fill(-1)
  const mask = slots.length - 1
  const slotOf = (c: number, d: number): number => {
    const h = Math.imul(c, 0x85ebca6b) ^ Math.imul(d, 0xc2b2ae35)
    return (h ^ (h >>> 15)) & mask
  }
  rows.forEach(({ id }, place) => {
    const hex = id.replaceAll('-', '')
    for (let i = 0; i < 4; i++) all[4 * place + i] = parseInt(hex.slice(8 * i, 8 * i + 8), 16)
    const [a, b, c, d] = all.subarray(4 * place, 4 * place + 4) as unknown as [number, number, number, number]
    words[2 * place] = a ^ c
    words[2 * place + 1] = b ^ d
    byId.set(id, place)
    let slot = slotOf(c, d)
    while (slots[slot]! >= 0) slot = (slot + 1) & mask
    slots[slot] = place
  })
  return {
    catalog: catalogOf(rows),
    ids: rows.map(({ id }) => id),
    words,
    placeOf(a, b, c, d) {
      for (let slot = slotOf(c, d); ; slot = (slot + 1) & mask) {
        const place = slots[slot]!
        if (place < 0) return -1
        const at = 4 * place
        if (all[at + 3] === d && all[at + 2] === c && all[at + 1] === b && all[at] === a) return place
      }
    },
    placeOfId: (id) => byId.get(id) ?? -1,
  }
}
