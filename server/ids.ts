import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(6 * 1024)
let at = pool.length

/**
 * UUIDv7 ids that carry this instant and grow in the order in which they are made: 26 bits count, 48 are random. Rows of one
 * statement then lie beside each other in their index, which random ids of one millisecond would not.
 */
export function createIds(instant: Date): () => string {
  const time = instant.getTime().toString(16).padStart(12, '0')
  const head = `${time.slice(0, 8)}-${time.slice(8)}-7`
  let n = 0
  return () => {
    if (n >= 1 << 26) throw new Error('More ids of one instant than can be counted.')
    if (at === pool.length) {
      randomFillSync(pool)
      at = 0
    }
    const random = pool.toString('hex', at, at + 6)
    at += 6
    const high = (n >> 14).toString(16).padStart(3, '0')
    const low = (0x8000 | (n & 0x3fff)).toString(16)
    n++
    return `${head}${high}-${low}-${random}`
  }
}
