import { readyMade } from '#core/segments/ready-made.ts'
import type { Pool } from 'pg'
import { hasBehaviour } from '#core/segments/rule-shape.ts'
import type { Rule } from '#core/segments/rule.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { customerFrom } from '#server/customer-rows.ts'
import { createParams } from '#server/keyset.ts'
import { compileRule } from '#server/segments/compile.ts'
import { previewRule } from '#server/segments/preview.ts'
import { refreshSegment } from '#server/segments/refresh.ts'
import { shopDay, startShop } from './shop.ts'

// How long a person waits for the count of a rule, and a worker for its members, in a shop of a million customers.
const quick = process.argv.includes('--quick')
const customers = quick ? 50_000 : 1_000_000
const say = (text: string): boolean => process.stderr.write(text + '\n')

const rules: [string, Rule][] = [
  ['state', { field: 'state', op: 'is', value: ['NY'] }],
  [
    'two states and consent',
    {
      all: [
        { field: 'state', op: 'is', value: ['NY', 'TX'] },
        { field: 'email_consent', op: 'is', value: ['granted'] },
      ],
    },
  ],
  ['tag', { field: 'tags', op: 'has_any', value: ['vip'] }],
  ['name contains', { field: 'name', op: 'contains', value: 'bakerwell' }],
  ['value', { field: 'clv_cents', op: 'at_least', value: 50_000 }],
  ['birthday', { field: 'birthday', op: 'in_next', days: 30 }],
  [
    'not',
    {
      not: [
        { field: 'state', op: 'is', value: ['CA'] },
        { field: 'tags', op: 'has_any', value: ['vip'] },
      ],
    },
  ],
  ['ordered lately', { orders: 'count', is: { op: 'at_least', value: 1 }, in: { last_days: 30 } }],
  ['ordered often', { orders: 'count', is: { op: 'at_least', value: 4 }, in: { last_days: 365 } }],
  ['never ordered lately', { orders: 'count', is: { op: 'at_most', value: 0 }, in: { last_days: 180 } }],
  ['spent', { orders: 'spent', is: { op: 'at_least', value: 40_000 } }],
  ['at night', { orders: 'count', is: { op: 'at_least', value: 2 }, where: { hours: { from: 20, to: 2 } } }],
  ['opened', { messages: 'open', is: { op: 'at_least', value: 2 }, in: { last_days: 90 } }],
  ...readyMade.filter((r) => r.name !== 'Birthday this month').map((r): [string, Rule] => [r.name, r.rules]),
]

interface PlanNode {
  'Node Type': string
  'Index Name'?: string
  'Relation Name'?: string
  Plans?: PlanNode[]
}
const nodesOf = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** The rule as SQL, and how PostgreSQL would find its members: by which indexes, and which tables it reads whole. */
async function planOf(pool: Pool, rule: Rule): Promise<{ sql: string; indexes: string[]; whole: string[] }> {
  const params = createParams()
  const sql = compileRule(rule, params, { now: shopDay, zone: 'America/New_York' })
  const { rows } = await pool.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
    `explain (format json) select c.id from ${customerFrom} where c.deleted_at is null and (${sql})`,
    params.values,
  )
  const nodes = nodesOf(rows[0]!['QUERY PLAN'][0]!.Plan)
  const names = (key: 'Index Name' | 'Relation Name', of: PlanNode[]): string[] => [
    ...new Set(of.flatMap((n) => n[key] ?? [])),
  ]
  return {
    sql: sql.replace(/\s+/g, ' '),
    indexes: names('Index Name', nodes),
    whole: names(
      'Relation Name',
      nodes.filter((n) => n['Node Type'] === 'Seq Scan'),
    ),
  }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const round = (n: number, digits = 0): number => Number(n.toFixed(digits))

const { database, dataDir, stop } = await startShop(customers)
try {
  const config = { ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: 'a secret that only the bench uses, 32 chars' }) }
  const ctx = createContext(config, database.url, { log: createLog('error'), clock: () => shopDay })
  say(['rule', 'count', 'exact', 'preview ms', 'refresh s', 'again s'].join('\t'))
  const previews: number[] = []
  const refreshes = { profile: 0, behaviour: 0 }
  let mismatches = 0
  let byIndex = 0
  for (const [name, rule] of rules) {
    const times: number[] = []
    let preview = await previewRule(ctx, { role: 'admin' }, rule)
    for (let i = 0; i < 3; i++) {
      const started = performance.now()
      preview = await previewRule(ctx, { role: 'admin' }, rule)
      times.push(performance.now() - started)
    }
    previews.push(median(times))
    const { rows } = await ctx.pool.query<{ id: string }>(
      `insert into segments (key, name, kind, rules) values ($1, $1, 'rule', $2) returning id`,
      [name, JSON.stringify(rule)],
    )
    const seconds: number[] = []
    let members = 0
    for (let i = 0; i < 2; i++) {
      const started = performance.now()
      members = (await refreshSegment(ctx, rows[0]!.id)).members
      seconds.push((performance.now() - started) / 1000)
    }
    const kind = hasBehaviour(rule) ? 'behaviour' : 'profile'
    refreshes[kind] = Math.max(refreshes[kind], seconds[1]!)
    if (preview.is_exact && preview.count !== members) mismatches += 1
    say(
      [
        name.padEnd(26),
        preview.count,
        preview.is_exact,
        round(median(times)),
        round(seconds[0]!, 2),
        round(seconds[1]!, 2),
      ].join('\t'),
    )
    const plan = await planOf(ctx.pool, rule)
    if (plan.indexes.length > 0) byIndex += 1
    say(`  ${plan.sql}`)
    say(`  by index: ${plan.indexes.join(', ') || '-'}; whole: ${plan.whole.join(', ') || '-'}`)
    await ctx.pool.query('delete from segments where id = $1', [rows[0]!.id])
  }
  await closeContext(ctx)
  const figures = {
    customers,
    rules: rules.length,
    preview_ms_median: round(median(previews)),
    preview_ms_max: round(Math.max(...previews)),
    refresh_s_max: round(Math.max(refreshes.profile, refreshes.behaviour), 2),
    refresh_profile_s_max: round(refreshes.profile, 2),
    refresh_behaviour_s_max: round(refreshes.behaviour, 2),
    rules_by_index: byIndex,
    differential_mismatches: mismatches,
  }
  const notes = [
    'rules_by_index: rules whose plan reads an index; a rule that holds for most of the shop rightly reads the table whole',
    'refresh is the second one: who came and who left; the first one fills the segment',
    'differential_mismatches: exact previews that differ from the stored members',
  ]
  process.stdout.write(JSON.stringify({ bench: 'segments', quick, figures, notes }) + '\n')
} finally {
  await stop()
}
