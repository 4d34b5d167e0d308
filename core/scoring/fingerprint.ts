/** A running 64-bit hash of numbers: not a secret, only "are these the same orders?". */
export interface Fingerprint {
  add(value: number): void
  /** 16 hexadecimal digits, and a clean slate */
  finish(): string
}

const view = new DataView(new ArrayBuffer(8))

/** Two lanes of MurmurHash3 with different seeds. */
export function createFingerprint(): Fingerprint {
  let a = 0x2f0b4f27
  let b = 0x5bd1e995
  let length = 0
  const mix = (word: number): void => {
    let k = Math.imul(word, 0xcc9e2d51)
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
    a ^= k
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0
    k = Math.imul(word, 0xab0e9789)
    k = Math.imul((k << 16) | (k >>> 16), 0x38b34ae5)
    b ^= k
    b = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0
    length += 4
  }
  return {
    add(value) {
      const word = value | 0
      if (word === value) return mix(word)
      view.setFloat64(0, value)
      mix(view.getInt32(0))
      mix(view.getInt32(4))
    },
    finish() {
      const digits = hex(finalise(a ^ length)) + hex(finalise(b ^ length))
      a = 0x2f0b4f27
      b = 0x5bd1e995
      length = 0
      return digits
    },
  }
}

/** The fingerprint of a text, by its UTF-16 units. */
export function fingerprintOf(text: string): string {
  const print = createFingerprint()
  for (let i = 0; i < text.length; i++) print.add(text.charCodeAt(i))
  return print.finish()
}

function finalise(h: number): number {
  let x = h ^ (h >>> 16)
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const hex = (word: number): string =>
  bytes[word >>> 24]! + bytes[(word >>> 16) & 255]! + bytes[(word >>> 8) & 255]! + bytes[word & 255]!
