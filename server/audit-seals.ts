import { createHmac } from 'node:crypto'
import type { ClientBase } from 'pg'
import { withTx } from '#db/pool.ts'
import type { Ctx } from './context.ts'
import { deriveKey } from './keys.ts'

/** Lines of one seal at most: a batch of work, and what a verification reads at once. */
const mostLines = 5000
const trails = ['audit_log', 'row_changes'] as const
const contentOf = {
  audit_log: 'l.before, l.after, l.reason',
  row_changes: 'l.before, l.after, null::text',
} as const

interface Line {
  id: string
  at: Date
  digest: Buffer
}

/** Everything that is committed and has no seal yet gets one, batch by batch; returns how many lines. */
export async function sealAudit(ctx: Ctx): Promise<number> {
  let all = 0
  for (;;) {
    const lines = await withTx(ctx.pool, (tx) => sealBatch(ctx, tx))
    all += lines
    if (lines < mostLines) return all
  }
}

/**
 * One seal. Which lines it covers is written on the lines, not in a range of ids: a transaction that commits late has an id
 * below those that are sealed already, and simply comes into the next one. Writers never wait for it.
 */
async function sealBatch(ctx: Ctx, tx: ClientBase): Promise<number> {
  await tx.query('select pg_advisory_xact_lock(81003)')
  await tx.query(`set local lma.maintenance = 'seal'`)
  const { rows: last } = await tx.query<{ number: number; hash: Buffer }>(
    'select s.number, s.hash from audit_seals as s order by s.number desc limit 1',
  )
  const number = (last[0]?.number ?? 0) + 1
  const lines: Line[] = []
  for (const trail of trails) {
    const { rows } = await tx.query<Line>(
      `with salted as materialized (
         select l.id, uuid_send(gen_random_uuid()) as salt from ${trail} as l where l.sealed_in is null order by l.id limit $2
       )
       update ${trail} as l set sealed_in = $1, salt = s.salt, content_hash = audit_content_hash(s.salt, ${contentOf[trail]})
       from salted as s where l.id = s.id returning l.id, l.at, audit_line_hash(l) as digest`,
      [number, mostLines - lines.length],
    )
    lines.push(...rows)
  }
  if (lines.length === 0) return 0
  const times = lines.map((l) => l.at.getTime())
  await tx.query('insert into audit_seals (number, lines, first_at, last_at, hash) values ($1, $2, $3, $4, $5)', [
    number,
    lines.length,
    new Date(times.reduce((a, b) => Math.min(a, b))),
    new Date(times.reduce((a, b) => Math.max(a, b))),
    sealOf(ctx, last[0]?.hash ?? null, number, lines),
  ])
  return lines.length
}

/** With a key of ours: who can write to the database, but does not have LMA_SECRET, cannot make a chain that holds. */
function sealOf(ctx: Ctx, before: Buffer | null, number: number, lines: readonly Line[]): Buffer {
  const mac = createHmac('sha256', deriveKey(ctx.config.secret, 'audit'))
  mac.update(before ?? Buffer.alloc(32)).update(`${number} ${lines.length}`)
  for (const line of lines.toSorted((a, b) => (a.id < b.id ? -1 : 1))) mac.update(line.digest)
  return mac.digest()
}

export interface AuditVerdict {
  seals: number
  lines: number
  /** lines without a seal yet; the worker seals every 30 seconds */
  open: number
  /** lines whose content an erasure took, as it may */
  redacted: number
  /** empty: nothing was changed, removed or added afterwards */
  faults: { seal: number; fault: string }[]
  head: { number: number; hash: string } | null
}

/** Reads the whole chain again. `faults` names each seal that does not fit its lines, and lines whose content is another. */
export async function verifyAudit(ctx: Ctx, signal?: AbortSignal): Promise<AuditVerdict> {
  const verdict: AuditVerdict = { seals: 0, lines: 0, open: 0, redacted: 0, faults: [], head: null }
  let before: Buffer | null = null
  for (;;) {
    signal?.throwIfAborted()
    const { rows } = await ctx.pool.query<{ number: number; lines: number; hash: Buffer; pruned: boolean }>(
      `select s.number, s.lines, s.hash, s.pruned_at is not null as pruned from audit_seals as s where s.number > $1 order by s.number limit 1`,
      [verdict.seals],
    )
    const seal = rows[0]
    if (!seal) break
    if (seal.number !== verdict.seals + 1)
      verdict.faults.push({ seal: seal.number, fault: 'the seal before it is missing' })
    verdict.seals = seal.number
    if (!seal.pruned) {
      const { lines, changed, redacted } = await linesOf(ctx, seal.number)
      verdict.lines += lines.length
      verdict.redacted += redacted
      for (const id of changed)
        verdict.faults.push({ seal: seal.number, fault: `the content of line ${id} was changed` })
      if (!sealOf(ctx, before, seal.number, lines).equals(seal.hash))
        verdict.faults.push({ seal: seal.number, fault: `its ${seal.lines} lines were changed, removed or added to` })
    }
    before = seal.hash
    verdict.head = { number: seal.number, hash: seal.hash.toString('hex') }
  }
  const { rows } = await ctx.pool.query<{ n: number }>(
    'select (select count(*) from audit_log where sealed_in is null) + (select count(*) from row_changes where sealed_in is null) as n',
  )
  verdict.open = rows[0]!.n
  return verdict
}

async function linesOf(ctx: Ctx, number: number): Promise<{ lines: Line[]; changed: string[]; redacted: number }> {
  const lines: Line[] = []
  const changed: string[] = []
  let redacted = 0
  for (const trail of trails) {
    const { rows } = await ctx.pool.query<Line & { is_redacted: boolean; is_same: boolean | null }>(
      `select l.id, l.at, audit_line_hash(l) as digest, l.redacted_at is not null as is_redacted,
         l.content_hash = audit_content_hash(l.salt, ${contentOf[trail]}) as is_same
       from ${trail} as l where l.sealed_in = $1`,
      [number],
    )
    lines.push(...rows)
    for (const row of rows) {
      if (row.is_redacted) redacted++
      else if (row.is_same !== true) changed.push(row.id)
    }
  }
  return { lines, changed, redacted }
}
