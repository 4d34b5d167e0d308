import { unreadable } from './limits.ts'

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'
/** Enough to tell UTF-8 from Latin-1 wherever the first foreign letter stands; also makes the answer independent of chunk cuts. */
const probeBytes = 64 * 1024

/**
 * Text of a file: byte order mark, else UTF-16 by its NULs, else plain ASCII until the first byte above 127, where
 * UTF-8 and Windows-1252 part. `found` is called once when it is settled. NUL characters are refused.
 */
export async function* decodeText(
  source: AsyncIterable<Buffer>,
  found: (encoding: Encoding) => void,
): AsyncGenerator<string> {
  let pending: Buffer = Buffer.alloc(0)
  let decoder: InstanceType<typeof TextDecoder> | null = null
  let started = false
  const settle = (encoding: Encoding): void => {
    decoder = new TextDecoder(encoding)
    found(encoding)
  }
  for await (const chunk of source) {
    if (decoder) {
      yield clean((decoder as InstanceType<typeof TextDecoder>).decode(chunk, { stream: true }))
      continue
    }
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    if (!started) {
      if (pending.length < probeBytes) continue
      started = true
      const announced = announcedEncoding(pending)
      if (announced) settle(announced)
      else refuseBinary(pending)
    }
    if (!decoder) {
      const at = foreign(pending)
      if (at < 0) {
        yield clean(pending.toString('latin1'))
        pending = Buffer.alloc(0)
        continue
      }
      if (pending.length - at < probeBytes) {
        if (at > 0) yield clean(pending.subarray(0, at).toString('latin1'))
        pending = pending.subarray(at)
        continue
      }
      settle(isUtf8(pending.subarray(at, at + probeBytes), true) ? 'utf-8' : 'windows-1252')
    }
    const ready = pending
    pending = Buffer.alloc(0)
    yield clean(decoder!.decode(ready, { stream: true }))
  }
  if (!decoder) {
    const announced = started ? null : announcedEncoding(pending)
    if (!started && !announced) refuseBinary(pending)
    settle(announced ?? (isUtf8(pending, false) ? 'utf-8' : 'windows-1252'))
    yield clean(decoder!.decode(pending, { stream: true }))
  }
  yield clean(decoder!.decode())
}

function clean(text: string): string {
  if (text.includes('\0'))
    throw unreadable('binary', 'This is not a text file (it has NUL characters). Export the data as CSV or JSON.')
  return text
}

function foreign(bytes: Buffer): number {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 127) return i
  return -1
}

function isUtf8(bytes: Buffer, cut: boolean): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut })
    return true
  } catch {
    return false
  }
}

function announcedEncoding(head: Buffer): Encoding | null {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  const pairs = Math.floor(Math.min(head.length, 4096) / 2)
  let even = 0
  let odd = 0
  for (let i = 0; i < pairs; i++) {
    if (head[2 * i] === 0) even++
    if (head[2 * i + 1] === 0) odd++
  }
  if (pairs >= 2 && odd > pairs * 0.4 && even === 0) return 'utf-16le'
  if (pairs >= 2 && even > pairs * 0.4 && odd === 0) return 'utf-16be'
  return null
}

/** Encrypted and media files have no NUL now and then; control characters give them away. */
function refuseBinary(head: Buffer): void {
  const length = Math.min(head.length, probeBytes)
  let control = 0
  for (let i = 0; i < length; i++) {
    const byte = head[i]!
    if (byte === 0 || (byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 12 && byte !== 27)) control++
  }
  if (control > length * 0.02 || (control > 0 && head.subarray(0, length).includes(0))) {
    throw unreadable('binary', 'This is not a text file. Export the data as CSV or JSON.')
  }
}
