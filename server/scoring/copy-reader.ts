import type { Socket } from 'node:net'
import type { ClientBase, Submittable } from 'pg'

/**
 * Rows of a query as PostgreSQL's binary COPY sends them, one at a time and without an object per row: six million
 * orders pass in a few seconds with flat memory. Fields are read by place.
 */
export interface CopyReader {
  /** Moves to the next row if it has arrived; false: ask fill(), or isDone. */
  step(): boolean
  /** Waits for more rows; afterwards step() moves or isDone is true. */
  fill(): Promise<void>
  isDone(): boolean
  isNull(field: number): boolean
  int16(field: number): number
  int32(field: number): number
  /** int8 as number; also timestamptz, as microseconds since 2000-01-01 */
  int64(field: number): number
  float32(field: number): number
  bool(field: number): boolean
  text(field: number): string
  /** one of the four 32-bit words of a uuid */
  word(field: number, at: 0 | 1 | 2 | 3): number
  uuid(field: number): string
  /** Stops reading; the rest of the rows is thrown away. */
  close(): Promise<void>
}

/** What we use of the connection below a client of pg. */
interface Wire {
  stream: Socket
  query(text: string): void
}

/** Messages of the protocol (PostgreSQL documentation, "Message Formats"). */
const copyData = 0x64
const copyDone = 0x63
const errorResponse = 0x45
/** Signature and flags in front of the first row; a length and that many bytes follow. */
const signatureBytes = 15
const nothing = Buffer.alloc(0)

/**
 * Opens a COPY of the query; values must be written into it, COPY takes no parameters. `fields` is its number of columns.
 * Every row is a message of its own, so rows are read where they lie in the bytes from the socket: a stream of objects
 * between (pg-copy-streams) costs more than all sums of the rows.
 */
export function openCopyReader(client: ClientBase, query: string, fields: number): CopyReader {
  let wire: Wire | undefined
  let handOver: ((bytes: Buffer) => void) | undefined
  let buffer: Buffer = nothing
  let position = 0
  let isHeaderRead = false
  let done = false
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const start = new Int32Array(fields)
  const length = new Int32Array(fields)
  const awaken = (): void => wake?.()

  /** From here on the client reads its connection itself again, beginning with what we have not read. */
  const detach = (): void => {
    if (!wire || !handOver) return
    const { stream } = wire
    stream.removeListener('readable', awaken)
    stream.on('data', handOver)
    const rest = buffer.subarray(position)
    buffer = nothing
    position = 0
    handOver(rest)
    handOver = undefined
    // Listening for 'readable' paused the stream, and it looks at that once more after this turn.
    process.nextTick(() => stream.resume())
  }
  const copy: Submittable &
    Record<`handle${'Error' | 'CommandComplete' | 'ReadyForQuery'}`, (given?: unknown) => void> = {
    submit(connection: unknown) {
      wire = connection as Wire
      const [listener] = wire.stream.listeners('data')
      handOver = listener as (bytes: Buffer) => void
      wire.stream.removeListener('data', handOver)
      wire.stream.pause()
      wire.stream.on('readable', awaken)
      wire.query(`copy (${query}) to stdout (format binary)`)
    },
    handleError(error) {
      failure = error as Error
      awaken()
    },
    handleCommandComplete: () => undefined,
    handleReadyForQuery: () => undefined,
  }
  client.query(copy)

  const int = (at: number): number =>
    (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!
  const short = (at: number): number => ((buffer[at]! << 24) >> 16) | buffer[at + 1]!

  const step = (): boolean => {
    for (;;) {
      const from = position
      if (done || from + 5 > buffer.length) return false
      const next = from + 1 + int(from + 1)
      if (next > buffer.length) return false
      const code = buffer[from]
      if (code === errorResponse) {
        // The client knows what to do with it, and tells us.
        detach()
        return false
      }
      position = next
      if (code === copyDone) {
        done = true
        detach()
        return false
      }
      if (code === copyData && readRow(from + 5, next)) return true
    }
  }
  /** False where the message holds no row: the header alone, or the mark of the end. */
  const readRow = (from: number, end: number): boolean => {
    let at = from
    if (!isHeaderRead) {
      isHeaderRead = true
      at += signatureBytes + 4 + int(at + signatureBytes)
      if (at >= end) return false
    }
    const count = short(at)
    if (count === -1) return false
    if (count !== fields) throw new Error(`a row of ${count} fields where ${fields} were expected`)
    at += 2
    for (let i = 0; i < fields; i++) {
      const size = int(at)
      at += 4
      start[i] = at
      length[i] = size
      if (size > 0) at += size
    }
    return true
  }
  const fill = async (): Promise<void> => {
    for (;;) {
      if (failure) throw failure
      if (done) return
      const chunk = handOver ? (wire!.stream.read() as Buffer | null) : null
      if (chunk) {
        buffer = position < buffer.length ? Buffer.concat([buffer.subarray(position), chunk]) : chunk
        position = 0
        return
      }
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    step,
    fill,
    isDone: () => done,
    isNull: (field) => length[field]! < 0,
    int16: (field) => short(start[field]!),
    int32: (field) => int(start[field]!),
    int64: (field) => int(start[field]!) * 4_294_967_296 + (int(start[field]! + 4) >>> 0),
    float32: (field) => buffer.readFloatBE(start[field]),
    bool: (field) => buffer[start[field]!] === 1,
    text: (field) => buffer.toString('utf8', start[field], start[field]! + length[field]!),
    word: (field, at) => int(start[field]! + 4 * at) >>> 0,
    uuid(field) {
      const hex = buffer.toString('hex', start[field], start[field]! + 16)
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
    },
    async close() {
      while (!done) if (!step() && !done) await fill()
    },
  }
}
