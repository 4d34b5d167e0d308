import type { Pool } from 'pg'
import type { z } from 'zod'
import type { Role } from '#contract/accounts.ts'
import type { Notice } from '#contract/notices.ts'
import { noticeText } from '#core/notices.ts'

type Shown = z.input<typeof Notice>
export interface Reader {
  id: string
  role: Role
}
interface Row extends Omit<Shown, 'text'> {
  user_id: string | null
  least_role: Role
}

const rank: Record<Role, number> = { user: 1, manager: 2, admin: 3 }
const rolesUpTo = (role: Role): Role[] => (Object.keys(rank) as Role[]).filter((r) => rank[r] <= rank[role])
// Nobody is told of what was before they came.
const visible = `(n.user_id = $1 or (n.user_id is null and n.least_role = any($2))) and n.created_at > coalesce((select u.created_at from users as u where u.id = $1), now())`
const columns = `n.id, n.kind, n.level, n.facts, n.path, n.created_at, n.user_id, n.least_role,
  exists (select from notice_reads as r where r.notice_id = n.id and r.user_id = $1) as is_read`

const shown = ({ user_id: _, least_role: __, ...row }: Row): Shown => ({
  ...row,
  text: noticeText(row.kind, row.facts),
})

/** Newest first. */
export async function listNotices(
  pool: Pool,
  reader: Reader,
  query: { cursor?: string | undefined; page_size: number; unread?: boolean | undefined },
): Promise<{ data: Shown[]; unread: number; next_cursor: string | null }> {
  const [{ rows }, unread] = await Promise.all([
    pool.query<Row>(
      `select ${columns} from notices as n where ${visible} and ($3::uuid is null or n.id < $3)
         and ($4::boolean is not true or not exists (select from notice_reads as r where r.notice_id = n.id and r.user_id = $1))
       order by n.id desc limit $5`,
      [reader.id, rolesUpTo(reader.role), query.cursor ?? null, query.unread ?? null, query.page_size + 1],
    ),
    countUnread(pool, reader),
  ])
  const page = rows.slice(0, query.page_size)
  return {
    data: page.map(shown),
    unread,
    next_cursor: rows.length > query.page_size ? (page.at(-1)?.id ?? null) : null,
  }
}

export async function countUnread(pool: Pool, reader: Reader): Promise<number> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from notices as n where ${visible} and not exists (select from notice_reads as r where r.notice_id = n.id and r.user_id = $1)`,
    [reader.id, rolesUpTo(reader.role)],
  )
  return rows[0]!.n
}

/** Marks those that the reader may see; returns how many were not read before. */
export async function markNotices(
  pool: Pool,
  reader: Reader,
  which: { ids?: readonly string[] | undefined; up_to?: string | undefined },
): Promise<{ read: number; unread: number }> {
  const { rowCount } = await pool.query(
    `insert into notice_reads (notice_id, user_id) select n.id, $1 from notices as n
     where ${visible} and (n.id = any($3::uuid[]) or n.id <= $4::uuid) on conflict do nothing`,
    [reader.id, rolesUpTo(reader.role), which.ids ?? [], which.up_to ?? null],
  )
  return { read: rowCount ?? 0, unread: await countUnread(pool, reader) }
}

// An id is made before it is committed: what was committed late lies a little before what was seen already.
const overlap = '10 seconds'
const mostMissed = 200

/** What came after a notice, oldest first, a little of it once more; `isCut`: there was more than can be sent. */
export async function noticesAfter(
  pool: Pool,
  reader: Reader,
  after: string,
): Promise<{ data: Shown[]; isCut: boolean }> {
  const { rows } = await pool.query<Row>(
    `select x.* from (
       select ${columns} from notices as n where ${visible} and n.id <> $3
         and n.id > uuidv7_floor(to_timestamp(('x' || lpad(left(replace($3::text, '-', ''), 12), 16, '0'))::bit(64)::bigint / 1000.0) - interval '${overlap}')
       order by n.id desc limit $4) as x order by x.id`,
    [reader.id, rolesUpTo(reader.role), after, mostMissed + 1],
  )
  return { data: rows.slice(-mostMissed).map(shown), isCut: rows.length > mostMissed }
}

/** One notice with whom it is for; asked once for all sockets of a process. */
export async function readNotice(
  pool: Pool,
  id: string,
): Promise<{ notice: Shown; isFor: (reader: Reader) => boolean } | null> {
  const { rows } = await pool.query<Row>(
    `select ${columns.replaceAll('$1', 'null::uuid')} from notices as n where n.id = $1`,
    [id],
  )
  const row = rows[0]
  if (!row) return null
  return {
    notice: shown(row),
    isFor: (reader) => (row.user_id ? row.user_id === reader.id : rank[reader.role] >= rank[row.least_role]),
  }
}
