/**
 * A stable number in [0, 1) for this id under this salt: holdouts and test arms are cut from it. The same pair gives
 * the same number for ever and on every machine; different salts give independent numbers.
 * 53 bits of two MurmurHash3-finalised FNV-1a lanes: even and cheap, not a secret.
 */
export function bucket(salt: string, id: string): number {
  const text = `${salt}\u0000${id}`
  const high = lane(text, 0x811c9dc5)
  const low = lane(text, 0x9747b28c)
  return (high * 0x20_0000 + (low >>> 11)) / 0x20_0000_0000_0000
}

/** True when the id falls into the held-out share (0..1) of this salt. */
export function isHeldOut(salt: string, id: string, share: number): boolean {
  return bucket(salt, id) < share
}

function lane(text: string, seed: number): number {
  let h = seed
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    h = Math.imul(h ^ (unit & 0xff), 0x01000193)
    h = Math.imul(h ^ (unit >>> 8), 0x01000193)
  }
  h ^= h >>> 16
  h = Math.imul(h, 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
