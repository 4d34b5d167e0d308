import type { ClientBase, Pool } from 'pg'
import type { z } from 'zod'
import { actionSorts, type Action, type ActionDetail, type scoring } from '#contract/scoring.ts'
import { describeOffer } from '#core/planning/offer.ts'
import { InputError } from '../http/errors.ts'

type ActionQuery = z.output<typeof scoring.list.query>
type Row<T extends Action> = Omit<T, 'offer_text' | 'created_at'> & { created_at: Date }

const columns = `a.id, a.campaign_id, k.name as campaign_name, a.customer_id, c.name as customer_name, a.segment, a.priority_score, (a.terms ->> 'margin_cents')::float8 as expected_margin_cents, a.reason,
  a.offer, a.creative_hint, a.scheduled_date, a.send_window, a.channels, a.status, a.refused_by, a.created_at`
// No message is one of these: those of all months need not be looked through.
const proposals = `(select p.*, p.status as decided from actions as p where p.status = 'proposed')`
const joins = 'join customers as c on c.id = a.customer_id left join campaigns as k on k.id = a.campaign_id'
const filters = `($1::text[] is null or a.segment = any($1)) and ($2::text[] is null or a.decided = any($2) or (a.decided in ('pending', 'queued') and a.status = any($2)))
  and ($3::uuid is null or a.campaign_id = $3) and ($4::uuid is null or a.customer_id = $4)`

const shown = <T extends Action>(row: Row<T>): Row<T> & { offer_text: string } => ({
  ...row,
  offer_text: describeOffer(row.offer),
})

/** One page of actions. Throws InputError on an unknown sort or a broken cursor. */
export async function listActions(client: ClientBase | Pool, query: ActionQuery) {
  const values = [query.segment ?? null, query.status ?? null, query.campaign_id ?? null, query.customer_id ?? null]
  const after = query.cursor === undefined ? null : readCursor(query.cursor)
  const order = orderOf(query.sort)
  const source = query.status?.every((s) => s === 'proposed') ? proposals : 'every_action'
  if (after && query.sort !== undefined)
    throw new InputError([{ path: 'query.cursor', message: 'The cursor works with the default sort; leave sort out.' }])
  // The page first: what else is said of an action is looked up for fifty, not for all that are sorted.
  const { rows: page } = await client.query<{ id: string }>(
    `select a.id from ${source} as a
     where ${filters} and ($5::real is null or a.priority_score < $5::real or (a.priority_score = $5::real and a.id > $6::uuid))
     order by ${order} limit $7 offset $8`,
    [
      ...values,
      after?.score ?? null,
      after?.id ?? null,
      query.page_size,
      after ? 0 : (query.page - 1) * query.page_size,
    ],
  )
  const { rows } = await client.query<Row<Action>>(
    `select ${columns} from every_action as a ${joins} where a.id = any($1::uuid[]) order by array_position($1::uuid[], a.id)`,
    [page.map((a) => a.id)],
  )
  const { rows: counted } = await client.query<{ total: number }>(
    `select count(*) as total from ${source} as a where ${filters}`,
    values,
  )
  const last = rows.at(-1)
  return {
    data: rows.map(shown),
    page: query.page,
    page_size: query.page_size,
    total: counted[0]!.total,
    total_is_exact: true,
    next_cursor:
      last && query.sort === undefined && page.length === query.page_size
        ? writeCursor(last.priority_score, last.id)
        : null,
  }
}

export async function findAction(client: ClientBase | Pool, id: string) {
  const { rows } = await client.query<Row<ActionDetail>>(
    `select ${columns}, a.terms, a.template_id, a.plan_entry_id from every_action as a ${joins} where a.id = $1`,
    [id],
  )
  return rows[0] ? shown(rows[0]) : null
}

/** "-priority_score,segment" as SQL; names come from the table of sorts only. */
function orderOf(sort: string | undefined): string {
  const terms = (sort ?? '-priority_score').split(',').map((term) => {
    const name = actionSorts.find((known) => known === term.replace(/^-/, ''))
    if (!name) throw new InputError([{ path: 'query.sort', message: `Sort by one of ${actionSorts.join(', ')}.` }])
    return `a.${name} ${term.startsWith('-') ? 'desc nulls last' : 'asc nulls last'}`
  })
  // As the index of proposals is ordered.
  return sort === undefined ? 'a.priority_score desc, a.id' : `${terms.join(', ')}, a.id`
}

function writeCursor(score: number, id: string): string {
  return Buffer.from(JSON.stringify([score, id])).toString('base64url')
}

function readCursor(text: string): { score: number; id: string } {
  try {
    const [score, id] = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as unknown[]
    if (typeof score === 'number' && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id)) return { score, id }
  } catch {
    // falls through to the same answer as any other broken cursor
  }
  throw new InputError([{ path: 'query.cursor', message: 'This cursor is not one of ours; start again without it.' }])
}
