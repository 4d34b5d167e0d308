import type { z } from 'zod'
import type { ImportPreview } from '#contract/imports.ts'
import type { ImportKind, Mapping } from '#core/knowledge/columns.ts'
import type { Ctx } from '../../context.ts'
import { signatureOf } from './record.ts'

interface Remembered {
  shown: NonNullable<z.input<typeof ImportPreview>['remembered']>
  /** the guess, corrected by what was chosen last time */
  mapping(guess: Mapping): Mapping
}

interface LastImport {
  source: string
  created_at: Date
  by: string | null
  mapping: Mapping
  options: Remembered['shown']['options']
  is_same: boolean
}

/**
 * How the columns were matched last time. A file with the same columns in the same order is matched as that one was; in
 * another file, columns of the same name are. An import that was undone taught nothing: its columns may have been wrong.
 */
export async function rememberedMapping(
  ctx: Ctx,
  kind: ImportKind,
  headers: readonly string[],
): Promise<Remembered | null> {
  const { rows } = await ctx.pool.query<LastImport>(
    `select i.source, i.created_at, coalesce(u.full_name, u.email) as by, i.mapping, i.options, i.header_signature = $2 as is_same
     from imports as i left join users as u on u.id = i.created_by
     where i.kind = $1 and i.status = 'succeeded' and not i.dry_run and i.undone_at is null and i.header_signature is not null
     order by i.header_signature = $2 desc, i.id desc limit 1`,
    [kind, signatureOf(headers)],
  )
  const last = rows[0]
  if (!last) return null
  const fields = Object.entries(last.mapping)
    .filter(([, header]) => headers.includes(header))
    .map(([field]) => field)
  if (fields.length === 0) return null
  const { repairs: _, ...options } = last.options
  return {
    shown: { source: last.source, at: last.created_at, by: last.by, is_complete: last.is_same, fields, options },
    mapping(guess) {
      if (last.is_same) return last.mapping
      const mapping = { ...guess }
      for (const field of fields) {
        const header = last.mapping[field]!
        for (const [other, taken] of Object.entries(mapping)) if (taken === header) delete mapping[other]
        mapping[field] = header
      }
      return mapping
    },
  }
}
