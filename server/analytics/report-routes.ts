import { createReadStream } from 'node:fs'
import { reports } from '#contract/reports.ts'
import { withTx } from '#db/pool.ts'
import { startJob } from '../background.ts'
import { bind, type Routes } from '../http/bind.ts'
import { readStale } from '../readings.ts'
import { readState } from '../rollups.ts'
import { changeSetting, readSetting } from '../settings.ts'
import { readAttribution } from './attribution.ts'
import { readActivity, readCohorts, readListHealth, readRfm } from './customers.ts'
import { findExport, listExports, openExport, startExport } from './export/files.ts'
import { readDeliverability, readOffers } from './league.ts'
import { addNote, listNotes, removeNote } from './notes.ts'
import { readOverview } from './overview.ts'
import { readCampaigns, readSegments } from './parts.ts'
import { addSchedule, changeSchedule, listSchedules, removeSchedule, sendNow } from './schedules.ts'
import { readWhatIf } from './what-if.ts'

export const reportRoutes: Routes = (app, ctx) => {
  bind(app, ctx, reports.overview, ({ query }) => readOverview(ctx, query))
  bind(app, ctx, reports.cohorts, ({ query }) => readStale(ctx, (stale) => readCohorts(stale, query.months)))
  bind(app, ctx, reports.activity, ({ query }) => readStale(ctx, (stale) => readActivity(stale, query)))
  bind(app, ctx, reports.rfm, () => readStale(ctx, readRfm))
  bind(app, ctx, reports.attribution, ({ query }) => readStale(ctx, (stale) => readAttribution(stale, query)))
  bind(app, ctx, reports.whatIf, () => readStale(ctx, readWhatIf))
  bind(app, ctx, reports.listHealth, () => readStale(ctx, readListHealth))
  bind(app, ctx, reports.campaigns, ({ query }) => readStale(ctx, (stale) => readCampaigns(stale, query)))
  bind(app, ctx, reports.segments, ({ query }) => readStale(ctx, (stale) => readSegments(stale, query)))
  bind(app, ctx, reports.offers, ({ query }) => readStale(ctx, (stale) => readOffers(stale, query)))
  bind(app, ctx, reports.deliverability, ({ query }) => readStale(ctx, (stale) => readDeliverability(stale, query)))

  bind(app, ctx, reports.notes, async ({ query }) => ({ data: await listNotes(ctx, query) }))
  bind(app, ctx, reports.addNote, ({ body, actor }) => addNote(ctx, actor, body))
  bind(app, ctx, reports.removeNote, async ({ params, actor }) => {
    await removeNote(ctx, actor, params.id)
    return undefined
  })

  bind(app, ctx, reports.export, ({ body, actor }) => startExport(ctx, actor, body))
  bind(app, ctx, reports.exports, async () => ({ data: await listExports(ctx) }))
  bind(app, ctx, reports.exported, ({ params }) => findExport(ctx, params.id))
  bind(app, ctx, reports.download, async ({ params, reply }) => {
    const file = await openExport(ctx, params.id)
    void reply
      .header('content-disposition', `attachment; filename="${file.name}"`)
      .header('content-length', file.size)
      .header('cache-control', 'private, no-store')
      .type(types[file.name.slice(file.name.lastIndexOf('.') + 1)] ?? 'application/octet-stream')
      .send(createReadStream(file.path))
    return undefined
  })

  bind(app, ctx, reports.schedules, async () => ({ data: await listSchedules(ctx) }))
  bind(app, ctx, reports.addSchedule, ({ body, actor }) => addSchedule(ctx, actor, body))
  bind(app, ctx, reports.changeSchedule, ({ params, body, actor }) => changeSchedule(ctx, actor, params.id, body))
  bind(app, ctx, reports.removeSchedule, async ({ params, actor }) => {
    await removeSchedule(ctx, actor, params.id)
    return undefined
  })
  bind(app, ctx, reports.sendSchedule, ({ params, actor }) => sendNow(ctx, actor, params.id))

  bind(app, ctx, reports.settings, () => readSetting(ctx.pool, 'analytics'))
  bind(app, ctx, reports.changeSettings, ({ body, actor }) =>
    withTx(ctx.pool, (tx) =>
      changeSetting(
        tx,
        actor,
        'analytics',
        Object.fromEntries(Object.entries(body).filter(([, v]) => v !== undefined)),
      ),
    ),
  )
  bind(app, ctx, reports.sums, async () => {
    const { zone: _, ...state } = await readState(ctx.pool)
    return state
  })
  bind(app, ctx, reports.rebuild, ({ actor }) => startJob(ctx, actor, 'rollup_rebuild', {}))
}

const types: Record<string, string> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pdf: 'application/pdf',
}
