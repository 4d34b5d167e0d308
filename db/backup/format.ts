import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { StartupError } from '../startup.ts'

/**
 * The file of a backup: a first line, then frames of one letter, four bytes of length and content.
 * H what it is of, T a table begins, D rows of it (COPY text, zstd), E the table is over, with its count and checksum,
 * F the whole is over. A file that was cut off has no F and is refused.
 */
export const firstLine = 'liquor-agent backup 1\n'

export interface Header {
  made_at: string
  /** release that wrote it */
  program: string
  server_version: string
  migrations: { version: number; name: string; checksum: string }[]
  /** partitions that the migrations do not make by themselves */
  partitions: { name: string; parent: string; bound: string }[]
  sequences: { name: string; value: number }[]
  tables: string[]
}

export interface TableStart {
  name: string
  columns: string[]
}

export interface TableEnd {
  name: string
  rows: number
  /** of the rows as COPY text, before compression */
  bytes: number
  sha256: string
}

export interface Sums {
  tables: number
  rows: number
  bytes: number
}

export interface Footer extends Sums {
  /** of everything before it, so that the header is covered as well */
  sha256: string
}

export type Frame =
  | { kind: 'H'; header: Header }
  | { kind: 'T'; table: TableStart }
  | { kind: 'D'; rows: Buffer }
  | { kind: 'E'; end: TableEnd }
  | { kind: 'F'; footer: Footer }

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
/** Nothing we write is larger; whatever claims to be is no backup. */
const mostPerFrame = 64 * 1024 * 1024

export const jsonFrame = (kind: 'H' | 'T' | 'E' | 'F', content: object): Buffer =>
  frame(kind, Buffer.from(JSON.stringify(content)))

/** Rows as one frame; the compression runs in Node's thread pool. */
export async function rowsFrame(rows: Buffer): Promise<Buffer> {
  return frame('D', await compress(rows, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }))
}

function frame(kind: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(kind, 0, 'latin1')
  head.writeUInt32BE(content.length, 1)
  return Buffer.concat([head, content])
}

/** Takes a file apart. Throws StartupError with one sentence when it is no backup, or not a whole one. */
export async function* readFrames(source: AsyncIterable<Buffer | string>): AsyncGenerator<Frame> {
  const input = source[Symbol.asyncIterator]()
  const whole = createHash('sha256')
  let chunks: Buffer[] = []
  let have = 0
  async function take(length: number): Promise<Buffer | null> {
    while (have < length) {
      const next = await input.next()
      if (next.done) return null
      const chunk = Buffer.isBuffer(next.value) ? next.value : Buffer.from(next.value)
      chunks.push(chunk)
      have += chunk.length
    }
    const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
    chunks = [all.subarray(length)]
    have -= length
    return all.subarray(0, length)
  }

  if ((await take(firstLine.length))?.toString() !== firstLine)
    throw new StartupError('This file is not a backup of the Liquor Agent, or one of a release that is too new.')
  for (;;) {
    const head = await take(5)
    const length = head?.readUInt32BE(1) ?? 0
    if (head && length > mostPerFrame) throw damaged()
    const content = head ? await take(length) : null
    if (!head || !content)
      throw new StartupError('The backup is cut off: the end of the file is missing. Take another one.')
    const frame = await opened(head.toString('latin1', 0, 1), content)
    if (frame.kind === 'F') {
      if (frame.footer.sha256 !== whole.digest('hex')) throw damaged()
      yield frame
      return
    }
    whole.update(head).update(content)
    yield frame
  }
}

async function opened(kind: string, content: Buffer): Promise<Frame> {
  try {
    if (kind === 'D') return { kind, rows: await decompress(content) }
    const value = JSON.parse(content.toString()) as never
    if (kind === 'H') return { kind, header: value }
    if (kind === 'T') return { kind, table: value }
    if (kind === 'E') return { kind, end: value }
    if (kind === 'F') return { kind, footer: value }
  } catch {
    // Said below.
  }
  throw damaged()
}

export const damaged = (): StartupError =>
  new StartupError('The backup is damaged: its checksums do not fit its content. Take another one.')
