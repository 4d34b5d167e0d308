import { deflateSync, crc32 } from 'node:zlib'
import encodeQR from 'qr'

// Printed and laid on a counter: a quarter of it may be scratched or stained.
const options = { ecc: 'quartile', border: 4 } as const

/** A QR code of the text as SVG, black on white with the quiet zone that scanners want. */
export function qrSvg(text: string): string {
  return encodeQR(text, 'svg', { ...options, optimize: true })
}

/**
 * The same as a PNG: one bit per pixel, whole pixels per module, at least `size` wide.
 * Chunks and filter byte by the PNG specification (ISO/IEC 15948).
 */
export function qrPng(text: string, size: number): Buffer {
  const modules = encodeQR(text, 'raw', options)
  const scale = Math.max(1, Math.ceil(size / modules.length))
  const width = modules.length * scale
  const line = Math.ceil(width / 8) + 1
  const pixels = Buffer.alloc(line * width)
  for (let y = 0; y < width; y++) {
    const row = modules[Math.floor(y / scale)]!
    // Filter type 0, then pixels from the highest bit on: 1 is white.
    for (let x = 0; x < width; x++) if (!row[Math.floor(x / scale)]) pixels[y * line + 1 + (x >> 3)]! |= 0x80 >> (x & 7)
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(width, 4)
  // Bit depth 1, greyscale; compression, filter and interlace 0.
  header[8] = 1
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}
