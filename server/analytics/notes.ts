import type { PeriodQuery } from '#contract/analytics.ts'
import type { Answer } from '#contract/http.ts'
import type { reports } from '#contract/reports.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../http/errors.ts'
import { headOf } from './overview.ts'

type Note = Answer<typeof reports.addNote>

const select = `select n.id, n.day, n.text, coalesce(u.full_name, u.email::text) as author, n.created_at from chart_notes as n left join users as u on u.id = n.created_by`

/** Notes of the period, by day. */
export async function listNotes(ctx: Ctx, query: PeriodQuery): Promise<Note[]> {
  const { span } = await headOf(ctx, query)
  const { rows } = await ctx.pool.query<Note>(
    `${select} where n.day between $1 and $2 order by n.day desc, n.id desc limit 200`,
    [span.from, span.to],
  )
  return rows
}

export async function addNote(ctx: Ctx, actor: Actor, note: { day: string; text: string }): Promise<Note> {
  return withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      'insert into chart_notes (day, text, created_by) values ($1, $2, $3) returning id',
      [note.day, note.text, actor.kind === 'user' ? actor.id : null],
    )
    await audit(tx, actor, { action: 'note.added', entity: 'chart_note', entityId: rows[0]!.id, after: note })
    return (await tx.query<Note>(`${select} where n.id = $1`, [rows[0]!.id])).rows[0]!
  })
}

/** Its author may, and whoever may manage. Throws not_found, forbidden. */
export async function removeNote(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ created_by: string | null; text: string; day: string }>(
      'select n.created_by, n.text, n.day from chart_notes as n where n.id = $1 for update',
      [id],
    )
    const note = rows[0]
    if (!note) throw notFound('note', id)
    if (actor.role === 'user' && note.created_by !== actor.id)
      throw new AppError('auth.forbidden', 'Only who wrote a note, or a manager, may remove it.')
    await tx.query('delete from chart_notes where chart_notes.id = $1', [id])
    await audit(tx, actor, {
      action: 'note.removed',
      entity: 'chart_note',
      entityId: id,
      before: { day: note.day, text: note.text },
    })
  })
}
