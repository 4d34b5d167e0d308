import { once } from 'node:events'
import type { Globals } from '../cli.ts'
import type { Ctx } from '../context.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print, table } from './output.ts'

interface CampaignLine {
  id: string
  name: string
  status: string
  engine: string
  start_date: string
  total_sends: number
  completed_sends: number
  failed_sends: number
  revenue_cents: number
}

/** What is in the shop and what runs. */
export async function status(globals: Globals): Promise<void> {
  await withContext(async (ctx) => {
    const { rows } = await ctx.pool.query<{
      customers: number
      reachable_by_email: number
      orders: number
      scored: number
      proposed_actions: number
      pending: number
      unknown: number
      demo: boolean
    }>(
      `select (select count(*) from customers where customers.deleted_at is null) as customers,
         (select count(*) from customers where customers.deleted_at is null and customers.email_consent = 'granted') as reachable_by_email,
         (select count(*) from orders) as orders, (select count(*) from customer_scores) as scored,
         (select count(*) from actions where actions.status = 'proposed') as proposed_actions,
         (select count(*) from sends where sends.status = 'pending') as pending,
         (select count(*) from sends where sends.status = 'unknown') as unknown,
         exists (select 1 from settings where settings.name = 'demo') as demo`,
    )
    const { rows: campaigns } = await ctx.pool.query<CampaignLine>(
      `select campaigns.id, campaigns.name, campaigns.status, campaigns.engine, campaigns.start_date, campaigns.total_sends, campaigns.completed_sends,
         campaigns.failed_sends, campaigns.revenue_cents
       from campaigns order by campaigns.start_date desc, campaigns.id desc limit 10`,
    )
    const shop = rows[0]!
    print(globals, 'status', { ...shop, campaigns }, () => [
      `${shop.customers} customers (${shop.reachable_by_email} with email consent), ${shop.orders} orders, ${shop.scored} scored${shop.demo ? ', demo data' : ''}`,
      `${shop.proposed_actions} proposed actions, ${shop.pending} sends waiting, ${shop.unknown} of unknown fate`,
      ...(campaigns.length > 0
        ? [
            '',
            ...table(
              campaigns.map((c) => [
                c.name,
                c.status,
                c.engine,
                c.start_date,
                c.completed_sends,
                c.total_sends,
                c.failed_sends,
              ]),
              ['campaign', 'status', 'engine', 'from', 'sent', 'of', 'failed'],
            ),
          ]
        : []),
    ])
  })
}

// Names come from this table, never from the command line.
const exportsOf: Record<string, { columns: readonly string[]; from: string; key: string }> = {
  customers: {
    columns: [
      'c.id',
      'c.external_id',
      'c.email',
      'c.phone',
      'c.name',
      'c.state',
      'c.zip',
      'c.age_status',
      'c.email_consent',
      'c.sms_consent',
      's.rfm_segment',
      's.churn_risk',
      's.clv_cents',
      's.purchase_frequency',
      's.total_spent_cents',
      's.last_purchase_at',
      's.next_purchase_at',
      's.primary_category',
    ],
    from: 'customers as c left join customer_scores as s on s.customer_id = c.id where c.deleted_at is null and c.id > $1',
    key: 'c.id',
  },
  sends: {
    columns: [
      's.id',
      's.campaign_id',
      's.customer_id',
      's.channel',
      's.status',
      's.provider',
      's.due_at',
      's.sent_at',
      's.delivered_at',
      's.opened_at',
      's.clicked_at',
      's.converted_at',
      's.conversion_cents',
      's.refused_by',
      's.error_message',
    ],
    from: 'sends as s where s.id > $1',
    key: 's.id',
  },
  campaigns: {
    columns: [
      'p.id',
      'p.name',
      'p.type',
      'p.status',
      'p.engine',
      'p.start_date',
      'p.end_date',
      'p.total_sends',
      'p.completed_sends',
      'p.failed_sends',
      'p.opens',
      'p.clicks',
      'p.conversions',
      'p.revenue_cents',
    ],
    from: 'campaigns as p where p.id > $1',
    key: 'p.id',
  },
}

/** Streams a table as CSV to stdout, 5,000 rows at a time by key. */
export async function exportCsv(globals: Globals, what: string, options: { machine: boolean }): Promise<void> {
  const chosen = exportsOf[what]
  if (!chosen)
    throw new CliError(
      `There is nothing called ${what} to export; choose ${Object.keys(exportsOf).join(', ')}.`,
      exit.usage,
    )
  await withContext((ctx) => stream(ctx, chosen, options.machine, globals.signal))
}

async function stream(
  ctx: Ctx,
  chosen: { columns: readonly string[]; from: string; key: string },
  machine: boolean,
  signal: AbortSignal,
): Promise<void> {
  const names = chosen.columns.map((c) => c.slice(c.indexOf('.') + 1))
  process.stdout.write(names.join(',') + '\r\n')
  let after = '00000000-0000-0000-0000-000000000000'
  while (!signal.aborted) {
    const { rows } = await ctx.pool.query<unknown[]>({
      text: `select ${chosen.columns.join(', ')} from ${chosen.from} order by ${chosen.key} limit 5000`,
      values: [after],
      rowMode: 'array',
    })
    if (rows.length === 0) return
    after = String(rows.at(-1)![0])
    if (!process.stdout.write(rows.map((row) => row.map((v) => cell(v, machine)).join(',') + '\r\n').join('')))
      await once(process.stdout, 'drain')
  }
}

/** RFC 4180; a cell that a spreadsheet would run as a formula gets an apostrophe unless a machine reads it. */
function cell(value: unknown, machine: boolean): string {
  if (value === null || value === undefined) return ''
  let text = value instanceof Date ? value.toISOString() : String(value)
  if (!machine && typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
