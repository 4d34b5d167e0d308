import type { ImportOptions } from '#contract/imports.ts'
import type { ImportKind, Mapping } from '#core/knowledge/columns.ts'
import type { Actor } from '../../audit.ts'
import type { ImportSummary } from '#contract/imports.ts'

export interface ImportRequest {
  kind: ImportKind
  /** name of the file as the user knows it */
  source: string
  /** a file on this machine, or its bytes */
  path?: string
  stream?: AsyncIterable<Buffer | string>
  /** field -> header; what is missing is guessed */
  mapping?: Mapping
  /** use the mapping as it is and guess nothing */
  mappingIsComplete?: boolean
  dateOrder?: ImportOptions['date_order']
  country?: ImportOptions['country']
  /** IANA zone of times without one; default the shop's */
  zone?: string
  createCustomers?: boolean
  /** what a person decided about cells that cannot be read */
  repairs?: ImportOptions['repairs']
  dryRun?: boolean
  isDemo?: boolean
  actor: Actor
  /** an imports row that exists already (uploads) */
  importId?: string
  signal?: AbortSignal
  onProgress?: (progress: ImportProgress) => void | Promise<void>
}

export interface ImportProgress {
  rows: number
  bytes: number
  bytesTotal: number | null
  rowsPerSecond: number
  phase: 'reading' | 'merging'
}

/** rows_read = new + changed + same + duplicate + rejected */
export interface ImportResult {
  import_id: string
  rows_read: number
  rows_new: number
  rows_changed: number
  rows_same: number
  rows_duplicate: number
  rows_rejected: number
  rejects_path: string | null
  summary: ImportSummary
}
