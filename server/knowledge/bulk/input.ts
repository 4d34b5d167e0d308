import type { BulkAction, ErasureReason } from '#contract/bulk.ts'
import type { CustomerFilter } from '#contract/knowledge.ts'
import type { Actor } from '../../audit.ts'

/** What a bulk job keeps of its request (jobs.input); `rename_tag` comes from the tags page. */
export interface BulkInput {
  action: Exclude<BulkAction, 'export'> | 'export' | 'rename_tag'
  filter?: CustomerFilter | undefined
  ids?: string[] | undefined
  /** when it was asked, ISO: days are counted from here */
  at: string
  /** of who asked: it decides what a search may look at */
  role: Actor['role']
  /** whom it means is written down (bulk_items); the filter is no longer asked */
  frozen?: boolean
  tag?: string
  /** rename_tag: what the tag becomes */
  name?: string
  segment_id?: string
  channel?: 'email' | 'sms' | 'all'
  note?: string
  reason?: ErasureReason
}
