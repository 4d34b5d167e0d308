import type { ClientBase } from 'pg'
import { localDate } from '#core/calendar.ts'
import { proposeActions, type NoAction, type ProposedAction } from '#core/planning/actions.ts'
import { copyIn, withTx, type CopyValue } from '#db/pool.ts'
import type { Ctx } from '../context.ts'
import { lockLedger } from '../ledger-parents.ts'
import { readSetting } from '../settings.ts'
import { addressHash } from '../suppression.ts'
import { openCandidates, readDepartments, readOffers, readPlaybooks, type CandidateRow } from './action-rows.ts'

export interface ActionsInput {
  /** keep only so many, best first */
  limit?: number
  /** offers proposed to one customer, best first */
  perCustomer?: number
  onProgress?: (done: number, total: number) => void | Promise<void>
  signal?: AbortSignal
}

export interface ActionsResult {
  proposed: number
  customers: number
  /** customers without an action, by reason */
  without: Partial<Record<NoAction | 'segment_off', number>>
  seconds: number
}

const chunkSize = 1000
const columns = [
  'customer_id',
  'segment',
  'priority_score',
  'reason',
  'terms',
  'offer_id',
  'offer',
  'creative_hint',
  'scheduled_date',
  'send_window',
  'channels',
] as const

/**
 * Proposes the best action for every scored customer and replaces the earlier proposals in one transaction; actions that
 * belong to a plan or were sent stay as they are.
 */
export async function generateActions(
  ctx: Pick<Ctx, 'pool' | 'log' | 'clock' | 'config'>,
  input: ActionsInput = {},
): Promise<ActionsResult> {
  const started = performance.now()
  const result = await withTx(ctx.pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('actions', 7))`)
    await lockLedger(tx)
    await tx.query('drop table if exists action_new')
    await tx.query(
      `create temp table action_new on commit drop as select ${columns.join(', ')} from actions with no data`,
    )
    const { customers, without } = await propose(ctx, tx, input)
    await tx.query(`delete from actions as a where a.status = 'proposed' and a.campaign_id is null`)
    const { rowCount } = await tx.query(
      `insert into actions (${columns.join(', ')}, status) select ${columns.join(', ')}, 'proposed' from action_new
       order by priority_score desc, customer_id limit $1`,
      [input.limit ?? null],
    )
    return { proposed: rowCount ?? 0, customers, without }
  })
  const seconds = Math.round(performance.now() - started) / 1000
  ctx.log.info({ proposed: result.proposed, customers: result.customers, seconds }, 'actions proposed')
  return { ...result, seconds }
}

async function propose(
  ctx: Pick<Ctx, 'clock' | 'config'>,
  tx: ClientBase,
  input: ActionsInput,
): Promise<Pick<ActionsResult, 'customers' | 'without'>> {
  const now = ctx.clock()
  const settings = await readSetting(tx, 'shop')
  const today = localDate(now, settings.time_zone)
  const shop = { marginShare: settings.margin_pct / 100, currency: settings.currency, today }
  const offers = await readOffers(tx, today)
  const playbooks = await readPlaybooks(tx)
  const departments = await readDepartments(tx)
  const without: ActionsResult['without'] = {}
  const { rows: counted } = await tx.query<{ n: number }>('select count(*) as n from customer_scores')
  await openCandidates(tx, now, settings.time_zone)
  let customers = 0
  for (;;) {
    input.signal?.throwIfAborted()
    const { rows } = await tx.query<CandidateRow>(`fetch ${chunkSize} from action_rows`)
    if (rows.length === 0) break
    const blocked = await readSuppressed(ctx, tx, rows)
    const lines: CopyValue[][] = []
    for (const row of rows) {
      const playbook = playbooks.get(row.segment)
      const channels = (['email', 'sms'] as const).filter(
        (channel) => isOpen(row, channel) && !blocked.has(`${channel}:${row.customerId}`),
      )
      const known = [row.primaryCategory, row.secondaryCategory].flatMap(
        (category) => departments.get(category ?? '') ?? [],
      )
      const emails = { delivered: row.emailsDelivered, opened: row.emailsOpened, openedLate: row.emailsOpenedLate }
      const answer = playbook
        ? proposeActions(
            { ...row, channels, departments: known, emails },
            offers,
            playbook,
            shop,
            input.perCustomer ?? 1,
          )
        : 'segment_off'
      if (typeof answer === 'string') without[answer] = (without[answer] ?? 0) + 1
      else lines.push(...answer.map((action) => lineOf(row, action)))
    }
    await copyIn(tx, 'action_new', columns, lines)
    customers += rows.length
    await input.onProgress?.(customers, counted[0]!.n)
  }
  await tx.query('close action_rows')
  return { customers, without }
}

const isOpen = (row: CandidateRow, channel: 'email' | 'sms'): boolean =>
  (channel === 'email' ? row.email : row.phone) !== null

/** "channel:customer" of those whose address is suppressed, whoever it belonged to when it was. */
async function readSuppressed(
  ctx: Pick<Ctx, 'config'>,
  tx: ClientBase,
  rows: readonly CandidateRow[],
): Promise<Set<string>> {
  const owners = new Map<string, string[]>()
  for (const row of rows) {
    for (const channel of ['email', 'sms'] as const) {
      const address = channel === 'email' ? row.email : row.phone
      if (address === null) continue
      const hash = addressHash(ctx.config, channel, address).toString('hex')
      owners.set(hash, [...(owners.get(hash) ?? []), `${channel}:${row.customerId}`])
    }
  }
  if (owners.size === 0) return new Set()
  const { rows: found } = await tx.query<{ hash: string; channel: string }>(
    `select encode(s.address_hash, 'hex') as hash, s.channel from suppressions as s
     where s.address_hash = any(select decode(h, 'hex') from unnest($1::text[]) as h)`,
    [[...owners.keys()]],
  )
  return new Set(
    found.flatMap((f) =>
      (owners.get(f.hash) ?? []).filter((owner) => f.channel === 'all' || owner.startsWith(`${f.channel}:`)),
    ),
  )
}

function lineOf(row: CandidateRow, action: ProposedAction): CopyValue[] {
  return [
    row.customerId,
    row.segment,
    action.priorityScore,
    action.reason,
    JSON.stringify(action.terms),
    action.offer.id,
    JSON.stringify(action.offer),
    action.creativeHint,
    action.day,
    JSON.stringify(action.window),
    `{${action.channels.join(',')}}`,
  ]
}
