import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { addDays, localDate, weekStart } from '#core/calendar.ts'
import { formatCents } from '#core/money.ts'
import type { LlmTrace } from '#core/planning/plan.ts'
import { methodWords } from '#core/scoring/model-card.ts'
import { cliActor } from '../audit.ts'
import type { Globals } from '../cli.ts'
import { generatePlan } from '../planning/generate.ts'
import { generateActions } from '../scoring/actions.ts'
import { scoreCustomers } from '../scoring/score.ts'
import { readSetting } from '../settings.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print, progress, say, table } from './output.ts'

/** Scores every customer. */
export async function score(globals: Globals, options: { asOf?: string }): Promise<void> {
  const asOf = options.asOf === undefined ? null : new Date(options.asOf)
  if (asOf && Number.isNaN(asOf.getTime()))
    throw new CliError(`${options.asOf} is not a date; write it like 2026-11-30.`, exit.usage)
  await withContext(async (ctx) => {
    const result = await scoreCustomers(ctx, {
      asOf: asOf ?? ctx.clock(),
      onProgress: progress(globals, 'Scoring'),
      signal: globals.signal,
    })
    print(globals, 'score', { ...result }, () => [
      `${result.customers} customers scored in ${result.seconds} s (${result.model_version}), told by the ${methodWords[result.method]}${result.verdict === null ? ', not tested: too little history' : ''}.`,
      ...table(Object.entries(result.segments), ['segment', 'customers']),
    ])
  })
}

interface ActionLine {
  id: string
  customer_id: string
  segment: string
  priority_score: number
  reason: string
  offer: { title: string; kind: string }
  channels: string[]
}

/** Proposes the next best action per customer; people appear as ids only, so the file may travel. */
export async function actions(globals: Globals, options: { limit?: number }): Promise<void> {
  await withContext(async (ctx) => {
    await generateActions(ctx, {})
    const { rows } = await ctx.pool.query<ActionLine>(
      `select actions.id, actions.customer_id, actions.segment, actions.priority_score, actions.reason, actions.offer, actions.channels
       from actions where actions.status = 'proposed' order by actions.priority_score desc, actions.id limit $1`,
      [options.limit ?? null],
    )
    print(globals, 'actions', { actions: rows }, () => [
      `${rows.length} actions proposed.`,
      ...table(
        rows
          .slice(0, 20)
          .map((a) => [Math.round(a.priority_score), a.segment, a.offer.title.slice(0, 40), a.reason.slice(0, 90)]),
        ['score', 'segment', 'offer', 'reason'],
      ),
    ])
  })
}

const ActionsFile = z.object({
  schema: z.literal('liquor-agent/actions@1'),
  actions: z.array(z.object({ customer_id: z.uuid() })).min(1),
})

/** Makes a draft plan for a week; exit code 6 when the rules left nothing to do. */
export async function plan(
  globals: Globals,
  options: { engine: 'heuristic' | 'llm'; fresh?: boolean; week?: string; from?: string },
): Promise<void> {
  if (options.week !== undefined && !z.iso.date().safeParse(options.week).success)
    throw new CliError(`${options.week} is not a date; write it like 2026-11-30.`, exit.usage)
  const only = options.from === undefined ? null : await readActions(options.from)
  await withContext(async (ctx) => {
    const shop = await readSetting(ctx.pool, 'shop')
    const week = weekStart(options.week ?? addDays(localDate(ctx.clock(), shop.time_zone), 7))
    const made = await generatePlan(ctx, {
      weekStart: week,
      engine: options.engine,
      actor: cliActor,
      fresh: options.fresh,
      signal: globals.signal,
      ...(options.engine === 'llm' ? { onProgress: tellOnce(globals) } : {}),
      ...(only ? { customerIds: only } : {}),
    })
    print(globals, 'plan', { campaign_id: made.id, plan_version: made.plan_version, plan: made.plan }, () => [
      `Draft plan for the week of ${week}${made.plan.fallback_reason ? ` (${made.plan.fallback_reason})` : ''}: ${made.plan.entries.length} entries, ${made.plan.entries.reduce((n, e) => n + e.reach, 0)} messages, ${made.plan.holdout_customers} customers held out.`,
      ...(made.plan.llm ? [modelLine(made.plan.llm)] : []),
      ...made.plan.reach.map((s) =>
        s.removed > 0 ? `  -${s.removed} ${s.label} -> ${s.left}` : `  ${s.left} ${s.label}`,
      ),
      '',
      ...table(
        made.plan.entries.map((e) => [
          e.day,
          e.segment,
          e.channel,
          `${e.window.start}-${e.window.end}`,
          e.offer.title.slice(0, 44),
          e.reach,
          formatCents(e.forecast.margin_cents.mid, shop.currency),
        ]),
        ['day', 'segment', 'channel', 'window', 'offer', 'reach', 'margin'],
      ),
      ...made.plan.refused
        .slice(0, 10)
        .map((r) => `refused: ${r.offer_title} (${r.verdict.rule_id}): ${r.verdict.summary}`),
      '',
      `Review it in the UI, or send it: liquor-agent send`,
    ])
    if (made.plan.entries.length === 0) process.exitCode = exit.refused
  })
}

/** "gpt-4.1-mini: 2 questions, 8.4 s, $0.031". */
function modelLine(trace: LlmTrace): string {
  const cost = trace.cached ? 'known from before, no cost' : `$${(trace.cost_micros / 1e6).toFixed(3)}`
  return `${trace.model}: ${trace.rounds} question${trace.rounds === 1 ? '' : 's'}, ${(trace.latency_ms / 1000).toFixed(1)} s, ${cost}${trace.dropped > 0 ? `, ${trace.dropped} of its entries were not lawful and are left out` : ''}`
}

/** Progress in words, each line once. */
function tellOnce(globals: Globals): (message: string) => Promise<void> {
  let last = ''
  return async (message) => {
    if (message !== last) say(globals, message)
    last = message
  }
}

async function readActions(file: string): Promise<string[]> {
  const parsed = ActionsFile.safeParse(await readJson(file))
  if (!parsed.success)
    throw new CliError(
      `${file} is not a file of actions. Make one: liquor-agent actions --json > actions.json`,
      exit.usage,
    )
  return [...new Set(parsed.data.actions.map((a) => a.customer_id))]
}

/** Reads a JSON file, or stdin for "-". Throws CliError in one sentence. */
export async function readJson(file: string): Promise<unknown> {
  try {
    if (file !== '-') return JSON.parse(await readFile(file, 'utf8'))
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CliError(`The file ${file} is not there.`, exit.notFound)
    throw new CliError(`${file} is not JSON: ${(error as Error).message}`, exit.usage)
  }
}
