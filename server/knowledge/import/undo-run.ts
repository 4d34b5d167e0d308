import type { ClientBase, PoolClient } from 'pg'
import type { ImportUndone } from '#contract/imports.ts'
import type { ImportKind } from '#core/knowledge/columns.ts'
import type { Config } from '../../config.ts'

/** An import that is being taken back. */
export interface Undoing {
  id: string
  kind: ImportKind
  /** instant of its transaction, as text: a Date would lose the microseconds that tell it from others */
  writtenAt: string
  /** ids it gave to new rows lie between these */
  lowId: string
  highId: string
  config: Pick<Config, 'secret'>
}

export type Undone = Partial<ImportUndone>

/** What one chunk did: how many rows it looked at, and what is added to the result. */
export interface Chunk {
  looked: number
  undone: Undone
  /** campaigns whose figures changed */
  campaigns?: readonly string[]
}

/** Undoes the next few thousand rows in the given transaction; null when none is left. Running it again after a crash goes on where it stopped. */
export type Step = (tx: PoolClient) => Promise<Chunk | null>

export const chunkSize = 2000

export interface BeforeImage {
  row_id: string
  before: Record<string, unknown>
}

/** The next rows the import changed, with what stood in them before. They are taken: what is done with them is in the same transaction. */
export async function takeImages(
  tx: ClientBase,
  run: Pick<Undoing, 'id'>,
  entity: 'customer' | 'order' | 'product',
): Promise<BeforeImage[]> {
  const { rows } = await tx.query<BeforeImage>(
    `delete from import_before as b where b.ctid = any(array(
       select i.ctid from import_before as i where i.import_id = $1 and i.entity = $2 limit $3)) returning b.row_id, b.before`,
    [run.id, entity, chunkSize],
  )
  return rows
}
