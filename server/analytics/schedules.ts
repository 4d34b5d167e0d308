import type { reports, Schedule } from '#contract/reports.ts'
import type { Answer, Received } from '#contract/http.ts'
import { nextReport } from '#core/analytics/schedule.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import { startJob, type JobHandler } from '../background.ts'
import type { Ctx } from '../context.ts'
import { InputError, notFound } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { mailStaff } from '../staff-mail.ts'
import { htmlOf } from './export/html.ts'
import { sheetsOf } from './export/sheets.ts'
import { readOverview } from './overview.ts'

type Shown = Answer<typeof reports.addSchedule>
type Input = Received<typeof reports.addSchedule>['body']

const columns =
  's.id, s.name, s.every, s.on_day, s.at_hour, s.period, s.recipients, s.is_active, s.next_at, s.last_at, s.last_error'

export async function listSchedules(ctx: Ctx): Promise<Shown[]> {
  return (await ctx.pool.query<Shown>(`select ${columns} from report_schedules as s order by s.id limit 100`)).rows
}

async function find(ctx: Ctx, id: string): Promise<Shown> {
  const { rows } = await ctx.pool.query<Shown>(`select ${columns} from report_schedules as s where s.id = $1`, [id])
  if (!rows[0]) throw notFound('scheduled report', id)
  return rows[0]
}

async function dueAfter(ctx: Ctx, s: Pick<Schedule, 'every' | 'on_day' | 'at_hour'>): Promise<Date> {
  if (s.every === 'week' && s.on_day > 7)
    throw new InputError([{ path: 'on_day', message: 'A weekly report needs a weekday: 1 (Monday) to 7 (Sunday).' }])
  const { time_zone } = await readSetting(ctx.pool, 'shop')
  return nextReport({ every: s.every, onDay: s.on_day, atHour: s.at_hour }, ctx.clock(), time_zone)
}

export async function addSchedule(ctx: Ctx, actor: Actor, input: Input): Promise<Shown> {
  const next = await dueAfter(ctx, input)
  const id = await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `insert into report_schedules (name, every, on_day, at_hour, period, recipients, is_active, next_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id`,
      [
        input.name,
        input.every,
        input.on_day,
        input.at_hour,
        input.period,
        input.recipients,
        input.is_active,
        next,
        actor.kind === 'user' ? actor.id : null,
      ],
    )
    await audit(tx, actor, {
      action: 'report.scheduled',
      entity: 'report_schedule',
      entityId: rows[0]!.id,
      after: input,
    })
    return rows[0]!.id
  })
  return find(ctx, id)
}

export async function changeSchedule(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Received<typeof reports.changeSchedule>['body'],
): Promise<Shown> {
  const before = await find(ctx, id)
  const given = Object.fromEntries(Object.entries(change).filter(([, v]) => v !== undefined)) as Partial<Input>
  const after = { ...before, ...given }
  const next = await dueAfter(ctx, after)
  await withTx(ctx.pool, async (tx) => {
    await tx.query(
      'update report_schedules set name = $2, every = $3, on_day = $4, at_hour = $5, period = $6, recipients = $7, is_active = $8, next_at = $9 where report_schedules.id = $1',
      [id, after.name, after.every, after.on_day, after.at_hour, after.period, after.recipients, after.is_active, next],
    )
    await audit(tx, actor, {
      action: 'report.schedule_changed',
      entity: 'report_schedule',
      entityId: id,
      before,
      after: given,
    })
  })
  return find(ctx, id)
}

export async function removeSchedule(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  const before = await find(ctx, id)
  await withTx(ctx.pool, async (tx) => {
    await tx.query('delete from report_schedules where report_schedules.id = $1', [id])
    await audit(tx, actor, { action: 'report.unscheduled', entity: 'report_schedule', entityId: id, before })
  })
}

/** Starts the mail of one schedule now; its rhythm stays. */
export async function sendNow(ctx: Ctx, actor: Actor, id: string): Promise<Answer<typeof reports.sendSchedule>> {
  await find(ctx, id)
  return startJob(ctx, actor, 'report_mail', { schedule_id: id })
}

/** The worker's turn: a schedule that is due moves on first and is then sent, so that a crash repeats nothing. */
export async function sendDueReports(ctx: Ctx, actor: Actor): Promise<void> {
  const now = ctx.clock()
  const { rows } = await ctx.pool.query<Shown>(
    `select ${columns} from report_schedules as s where s.is_active and s.next_at <= $1 order by s.next_at limit 20`,
    [now],
  )
  for (const s of rows) {
    const { rowCount } = await ctx.pool.query(
      'update report_schedules set next_at = $3 where report_schedules.id = $1 and report_schedules.next_at = $2',
      [s.id, s.next_at, await dueAfter(ctx, s)],
    )
    if (rowCount) await startJob(ctx, actor, 'report_mail', { schedule_id: s.id })
  }
}

/** The job: the overview as an email to each recipient. What a server refused is kept and shown. */
export const reportMailJob: JobHandler = async (ctx, input) => {
  const schedule = await find(ctx, String(input['schedule_id']))
  const query = { period: schedule.period, compare: 'before' as const }
  const [shop, file, overview] = await Promise.all([
    readSetting(ctx.pool, 'shop'),
    sheetsOf(ctx, 'overview', query),
    readOverview(ctx, query),
  ])
  const figures = { ...file, title: `${schedule.name}: what it earned`, sheets: [file.sheets[0]!] }
  const html = htmlOf(figures, shop.name, overview.series as Parameters<typeof htmlOf>[2])
  const text = [
    `${figures.title} (${file.head.from} to ${file.head.to}, ${file.head.comparison.words})`,
    ...(file.verdict ? ['', file.verdict] : []),
    '',
    ...file.sheets[0]!.rows.map(
      (r) => `${String(r[0])}: ${String(r[2] ?? '-')} ${String(r[1])} (before ${String(r[3] ?? '-')})`,
    ),
    '',
    `${ctx.config.publicUrl}/analytics?period=${schedule.period}`,
  ].join('\n')
  const refused: string[] = []
  for (const recipient of schedule.recipients) {
    const outcome = await mailStaff(ctx, { recipient, subject: figures.title, html, text })
    if (outcome.kind !== 'accepted') refused.push(`${recipient}: ${outcome.detail}`)
  }
  await ctx.pool.query('update report_schedules set last_at = $2, last_error = $3 where report_schedules.id = $1', [
    schedule.id,
    ctx.clock(),
    refused.length > 0 ? refused.join('; ').slice(0, 500) : null,
  ])
  return { sent: schedule.recipients.length - refused.length, refused: refused.length }
}
