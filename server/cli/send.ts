import { z } from 'zod'
import { WeeklyPlan } from '#core/planning/plan.ts'
import { cliActor } from '../audit.ts'
import type { Globals } from '../cli.ts'
import type { Ctx } from '../context.ts'
import { refreshCampaignCounters } from '../counters.ts'
import { dispatchOnce } from '../dispatch/dispatcher.ts'
import { approveCampaign } from '../planning/approve.ts'
import { adoptPlan } from '../planning/adopt.ts'
import { startCampaign } from '../planning/materialise.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print, progress, say, table } from './output.ts'
import { readJson } from './pipeline.ts'

const PlanFile = z.object({
  schema: z.literal('liquor-agent/plan@1'),
  campaign_id: z.uuid(),
  plan_version: z.int(),
  plan: WeeklyPlan,
})

interface Counts {
  status: string
  n: number
}

/**
 * Approves and starts a plan, then delivers what is due; without --live it only says what would go out. Exit code 5 when
 * some sends failed, 6 when the rules let nothing through.
 */
export async function send(globals: Globals, options: { plan?: string; live: boolean; now: boolean }): Promise<void> {
  const file = options.plan === undefined ? null : PlanFile.safeParse(await readJson(options.plan))
  if (file && !file.success)
    throw new CliError(`${options.plan} is not a plan file. Make one: liquor-agent plan --json > plan.json`, exit.usage)
  await withContext(async (ctx) => {
    await seedTemplates(ctx)
    // A plan file that was edited by hand becomes a plan of its own and is checked like any other.
    const campaignId = file ? await adoptPlan(ctx, cliActor, file.data) : await newestDraft(ctx)
    if (!options.live) return preview(ctx, globals, campaignId)
    const { rows } = await ctx.pool.query<{ status: string }>(
      'select campaigns.status from campaigns where campaigns.id = $1',
      [campaignId],
    )
    if (rows[0]?.status === 'draft') await approveCampaign(ctx, cliActor, campaignId)
    await startCampaign(ctx, cliActor, campaignId, { now: options.now })
    await deliver(ctx, globals, campaignId)
    await refreshCampaignCounters(ctx.pool, [campaignId])
    const counts = await countSends(ctx, campaignId)
    const waiting = await findWaiting(ctx, campaignId)
    if (waiting.pending > 0)
      say(
        globals,
        `${waiting.pending} sends wait for their window, the next at ${waiting.next?.toISOString() ?? 'unknown'}; a worker (npm start) delivers them then.`,
      )
    print(
      globals,
      'send',
      {
        campaign_id: campaignId,
        sends: Object.fromEntries(counts.map((c) => [c.status, c.n])),
        waiting: waiting.pending,
      },
      () =>
        table(
          counts.map((c) => [c.status, c.n]),
          ['status', 'sends'],
        ),
    )
    const by = new Map(counts.map((c) => [c.status, c.n]))
    if ((by.get('failed') ?? 0) + (by.get('unknown') ?? 0) > 0) process.exitCode = exit.partly
    else if (counts.every((c) => c.status === 'skipped')) process.exitCode = exit.refused
  })
}

async function deliver(ctx: Ctx, globals: Globals, campaignId: string): Promise<void> {
  const bar = progress(globals, 'Sending')
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from sends where sends.campaign_id = $1 and sends.status = 'pending' and sends.due_at <= $2`,
    [campaignId, ctx.clock()],
  )
  const due = rows[0]!.n
  const timer = setInterval(() => {
    void ctx.pool
      .query<{ n: number }>(
        `select count(*) as n from sends where sends.campaign_id = $1 and sends.status <> 'pending'`,
        [campaignId],
      )
      .then(
        (r) => bar(Math.min(r.rows[0]!.n, due), due),
        () => undefined,
      )
  }, 500)
  try {
    await dispatchOnce(ctx, { campaignId, signal: globals.signal })
  } finally {
    clearInterval(timer)
  }
}

async function findWaiting(ctx: Ctx, campaignId: string): Promise<{ pending: number; next: Date | null }> {
  const { rows } = await ctx.pool.query<{ pending: number; next: Date | null }>(
    `select count(*) as pending, min(sends.due_at) as next from sends where sends.campaign_id = $1 and sends.status = 'pending'`,
    [campaignId],
  )
  return rows[0]!
}

async function newestDraft(ctx: Ctx): Promise<string> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    `select campaigns.id from campaigns where campaigns.status in ('draft', 'approved') order by campaigns.id desc limit 1`,
  )
  if (!rows[0]) throw new CliError('There is no draft plan. Make one: liquor-agent plan', exit.notFound)
  return rows[0].id
}

async function preview(ctx: Ctx, globals: Globals, campaignId: string): Promise<void> {
  const { rows } = await ctx.pool.query<{ name: string; plan: unknown }>(
    'select campaigns.name, campaigns.weekly_plan as plan from campaigns where campaigns.id = $1',
    [campaignId],
  )
  const plan = WeeklyPlan.parse(rows[0]?.plan)
  const email = (await ctx.channels.routes('email')).map((r) => r.channel.name).join(', ')
  const messages = plan.entries.reduce((n, e) => n + e.reach, 0)
  print(
    globals,
    'send-preview',
    { campaign_id: campaignId, live: false, messages, channel: email, entries: plan.entries.length },
    () => [
      ...table(
        plan.entries.map((e) => [e.day, e.segment, e.channel, e.offer.title.slice(0, 44), e.reach]),
        ['day', 'segment', 'channel', 'offer', 'messages'],
      ),
      `${rows[0]!.name}: ${messages} messages would go out through ${email}. Nothing was sent; add --live to send.`,
    ],
  )
}

async function countSends(ctx: Ctx, campaignId: string): Promise<Counts[]> {
  const { rows } = await ctx.pool.query<Counts>(
    'select sends.status, count(*) as n from sends where sends.campaign_id = $1 group by sends.status order by sends.status',
    [campaignId],
  )
  return rows
}
