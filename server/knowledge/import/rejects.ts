import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { once } from 'node:events'
import path from 'node:path'
import { csvLine } from '#core/knowledge/csv-cell.ts'

export interface RejectsFile {
  path: string
  add(line: number, column: string, reason: string, cells: readonly string[]): void
  flush(): Promise<void>
  close(): Promise<void>
}

/** CSV of refused rows: line, column, reason, then the row as it was, ready to be corrected and imported again. */
export async function openRejects(file: string, headers: readonly string[]): Promise<RejectsFile> {
  await mkdir(path.dirname(file), { recursive: true })
  let stream: WriteStream | null = null
  let waiting = false
  let closed = false
  const open = (): WriteStream => {
    if (!stream) {
      // The mark makes Excel read UTF-8.
      stream = createWriteStream(file, { mode: 0o600 })
      stream.write('\uFEFF' + csvLine(['reject_line', 'reject_column', 'reject_reason', ...headers]))
    }
    return stream
  }
  await rm(file, { force: true })
  return {
    path: file,
    add(line, column, reason, cells) {
      waiting = !open().write(csvLine([String(line), column, reason, ...cells]))
    },
    async flush() {
      if (waiting && stream?.writableNeedDrain) await once(stream, 'drain')
      waiting = false
    },
    async close() {
      if (!stream || closed) return
      closed = true
      stream.end()
      await once(stream, 'close')
    },
  }
}
