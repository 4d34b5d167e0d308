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
  const places = new Map<number, number>()
  const byId = new Map<string, number>()
  // 53 bits of the 74 random ones: two products share a key about never, and then the second words tell them apart.
  const keyOf = (c: number, d: number): number => (c & 0x1f_ffff) * 4_294_967_296 + d
  const next = new Int32Array(rows.length).fill(-1)
  const wordsOf = (id: string): [number, number, number, number] => {
    const hex = id.replaceAll('-', '')
    return [0, 8, 16, 24].map((from) => parseInt(hex.slice(from, from + 8), 16)) as [number, number, number, number]
  }
  const all = rows.map(({ id }) => wordsOf(id))
  rows.forEach(({ id }, place) => {
    const [a, b, c, d] = all[place]!
    words[2 * place] = a ^ c
    words[2 * place + 1] = b ^ d
    byId.set(id, place)
    const key = keyOf(c, d)
    next[place] = places.get(key) ?? -1
    places.set(key, place)
  })
  return {
    catalog: catalogOf(rows),
    ids: rows.map(({ id }) => id),
    words,
    placeOf(a, b, c, d) {
      let place = places.get(keyOf(c, d)) ?? -1
      while (place >= 0) {
        const w = all[place]!
        if (w[0] === a && w[1] === b && w[2] === c && w[3] === d) return place
        place = next[place]!
      }
      return -1
    },
    placeOfId: (id) => byId.get(id) ?? -1,
  }
}
