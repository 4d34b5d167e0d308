import { Readable } from 'node:stream'
import { createGunzip, type Gunzip } from 'node:zlib'
import { unreadable, type ReadLimits } from './limits.ts'

const signatures: [string, string, string][] = [
  ['d0cf11e0', 'spreadsheet', 'This is an old Excel workbook. Open it, choose "Save as", then "CSV UTF-8".'],
  ['25504446', 'binary', 'This is a PDF. Export the data as CSV instead.'],
  ['28b52ffd', 'binary', 'This is a zstd archive. Unpack it first, or use gzip.'],
  ['425a68', 'binary', 'This is a bzip2 archive. Unpack it first, or use gzip.'],
]

/** A zip: an Excel workbook, or nothing we read. */
export const isZip = (head: Buffer): boolean => head.subarray(0, 4).toString('hex') === '504b0304'

/** Bytes of a file, unpacked when it is gzip. Refuses foreign formats by signature, bombs by ratio and size. */
export async function* plainBytes(source: AsyncIterable<Buffer>, limits: ReadLimits): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  let ended = false
  while (head.length < 4 && !ended) {
    const next = await chunks.next()
    if (next.done) ended = true
    else head = Buffer.concat([head, next.value])
  }
  const hex = head.subarray(0, 4).toString('hex')
  for (const [signature, code, message] of signatures) if (hex.startsWith(signature)) throw unreadable(code, message)
  async function* all(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head
    for (;;) {
      const next = await chunks.next()
      if (next.done) return
      yield next.value
    }
  }
  let plain = 0
  const gunzip = hex.startsWith('1f8b') ? createGunzip({ chunkSize: 64 * 1024 }) : null
  try {
    for await (const chunk of gunzip ? refuseBombs(unpack(all(), gunzip), gunzip, limits) : all()) {
      plain += chunk.length
      if (plain > limits.maxBytes)
        throw unreadable(
          'too_large',
          `The file is larger than ${Math.round(limits.maxBytes / 1024 ** 3)} GB. Split it into parts.`,
        )
      yield chunk
    }
  } finally {
    await chunks.return?.()
  }
}

const stretch = 4 * 1024 ** 2

/**
 * Passes on what was unpacked, 4 MB at a time and only after its ratio was looked at: nobody parses the inside of a bomb,
 * and a bomb behind a harmless beginning is found as well.
 */
async function* refuseBombs(source: AsyncIterable<Buffer>, gunzip: Gunzip, limits: ReadLimits): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let bytes = 0
  let packedBefore = 0
  for await (const chunk of source) {
    held.push(chunk)
    bytes += chunk.length
    if (bytes < stretch) continue
    const packed = gunzip.bytesWritten
    if (bytes > (packed - packedBefore) * limits.maxGzipRatio)
      throw unreadable(
        'gzip_bomb',
        'The archive unpacks to far more than real data would. Unpack it and import the plain file.',
      )
    packedBefore = packed
    bytes = 0
    yield* held
    held = []
  }
  yield* held
}

async function* unpack(source: AsyncIterable<Buffer>, gunzip: Gunzip): AsyncGenerator<Buffer> {
  const input = Readable.from(source, { objectMode: false })
  input.on('error', (error) => gunzip.destroy(error))
  input.pipe(gunzip)
  try {
    for await (const chunk of gunzip) yield chunk as Buffer
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code.startsWith('Z_'))
      throw unreadable('gzip_broken', 'The gzip archive is damaged or was cut off. Pack or download it again.')
    throw error
  } finally {
    input.destroy()
    gunzip.destroy()
  }
}
