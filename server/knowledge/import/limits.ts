import { AppError } from '../../http/errors.ts'

/** Bounds that keep a hostile or broken file from taking the process with it. */
export interface ReadLimits {
  maxBytes: number
  maxLineChars: number
  maxColumns: number
  maxCellChars: number
  maxRows: number
  /** so many rows at the beginning that are all faulty are no table */
  maxFaultyRows: number
  /** unpacked : packed, of every 4 MB; real CSV stays under 50 */
  maxGzipRatio: number
}

export const readLimits: ReadLimits = {
  maxBytes: 4 * 1024 ** 3,
  maxLineChars: 1024 * 1024,
  maxColumns: 500,
  maxCellChars: 32_768,
  maxRows: 20_000_000,
  maxFaultyRows: 20_000,
  maxGzipRatio: 200,
}

/** The whole file cannot be read; the message says what to do about it. */
export function unreadable(code: string, message: string, facts: Record<string, unknown> = {}): AppError {
  return new AppError(`import.${code}`, message, facts)
}
