import type { Readable } from 'node:stream'

/** Files by key (`backups/2026-11-26.lmab`), in a folder or in a bucket. Keys are ours, never a caller's. */
export interface Files {
  readonly kind: 'folder' | 's3'
  /** stores a stream as a whole: whoever reads sees all of it or nothing. Returns its size in bytes. */
  put(key: string, source: AsyncIterable<Uint8Array>): Promise<number>
  /** null: there is no such file */
  read(key: string): Promise<Readable | null>
  size(key: string): Promise<number | null>
  remove(key: string): Promise<void>
  list(prefix: string): Promise<{ key: string; bytes: number; at: Date }[]>
  /** where a person finds it: a path, or s3://bucket/key */
  location(key: string): string
  /** address under which anybody may fetch it for so long; null where only we can */
  link(key: string, name: string, seconds: number): Promise<string | null>
  close(): Promise<void>
}
