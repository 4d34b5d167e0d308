import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import { unzipSync } from 'fflate'
import { unreadable } from './limits.ts'
import type { SourceRow } from './table.ts'

// A sheet holds a million rows at most; one that big belongs into CSV, which streams.
const most = { packed: 64 * 1024 ** 2, unpacked: 512 * 1024 ** 2, ratio: 200, files: 2000 }
const timeoutMs = 120_000

/** Rows of the first sheet of an Excel workbook, as text, header first. It is unpacked in a thread of its own with bounded memory. */
export async function* readXlsx(source: AsyncIterable<Buffer>): AsyncGenerator<SourceRow[]> {
  const packed = await collect(source)
  refuseBombs(packed)
  const worker = new Worker(new URL('./xlsx-worker.ts', import.meta.url), {
    workerData: packed,
    resourceLimits: { maxOldGenerationSizeMb: 1024 },
  })
  const late = AbortSignal.timeout(timeoutMs)
  let line = 1
  try {
    for await (const [batch] of on(worker, 'message', { signal: late, close: ['exit'] }) as AsyncIterable<
      [string[][] | null]
    >) {
      if (batch === null) return
      yield batch.map((cells) => ({ line: line++, cells })).filter((row) => row.cells.some((c) => c.trim() !== ''))
    }
    throw new Error('the reader of workbooks stopped')
  } catch (error) {
    if (late.aborted)
      throw unreadable(
        'spreadsheet',
        'The workbook takes too long to read. In Excel choose "Save as", then "CSV UTF-8".',
      )
    throw unreadable(
      'spreadsheet',
      'The workbook cannot be read; it may be damaged, locked with a password, or of another kind. In Excel choose "Save as", then "CSV UTF-8".',
      { cause: (error as Error).message },
    )
  } finally {
    await worker.terminate()
  }
}

async function collect(source: AsyncIterable<Buffer>): Promise<ArrayBuffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > most.packed)
      throw unreadable('too_large', 'The workbook is larger than 64 MB. Save it as CSV, which has no such limit.')
    chunks.push(chunk)
  }
  const whole = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) at += (whole.set(chunk, at), chunk.length)
  return whole.buffer
}

/** Reads only the table of contents: how many files, and how large they would be. The reader unpacks no more than it says. */
function refuseBombs(packed: ArrayBuffer): void {
  let files = 0
  let unpacked = 0
  let hasSheet = false
  try {
    unzipSync(new Uint8Array(packed), {
      filter: (file) => {
        files++
        unpacked += file.originalSize
        hasSheet ||= file.name.startsWith('xl/')
        return false
      },
    })
  } catch {
    throw unreadable('spreadsheet', 'The workbook is damaged or was cut off. Save or download it again.')
  }
  if (!hasSheet)
    throw unreadable('spreadsheet', 'This is a zip, not an Excel workbook. Unpack it and choose the file inside.')
  if (
    files > most.files ||
    unpacked > most.unpacked ||
    unpacked > Math.max(4 * 1024 ** 2, packed.byteLength * most.ratio)
  )
    throw unreadable(
      'spreadsheet_bomb',
      'The workbook unpacks to far more than real data would. Save it as CSV and import that.',
    )
}
