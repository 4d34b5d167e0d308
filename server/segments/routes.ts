import { segments } from '#contract/segments.ts'
import type { Actor } from '../audit.ts'
import { startJob } from '../background.ts'
import { hideAddresses } from '../customer-rows.ts'
import { bind, type Routes } from '../http/bind.ts'
import { readSegmentDetail } from './detail.ts'
import { createFromFilter, createPicked, createSegment, deleteSegment, restoreSegment, updateSegment } from './edit.ts'
import { judgePlaybook, playbookOf, refusePlaybookFaults } from './playbook.ts'
import { readPlaybooks, writePlaybooks } from './playbooks-yaml.ts'
import { previewRule } from './preview.ts'
import { listMembers, listSegments, readSegment } from './queries.ts'
import { checkRefreshable } from './refresh.ts'

export const segmentRoutes: Routes = (app, ctx) => {
  bind(app, ctx, segments.listSegments, async ({ query, actor }) => {
    const page = await listSegments(ctx, query)
    return { ...page, data: page.data.map((segment) => shown(segment, actor)) }
  })
  bind(app, ctx, segments.getSegment, async ({ params, actor }) =>
    shown(await readSegmentDetail(ctx, params.id), actor),
  )
  bind(app, ctx, segments.previewSegment, ({ body, actor }) => previewRule(ctx, actor, body.rules))
  bind(app, ctx, segments.createSegment, ({ body, actor }) => createSegment(ctx, actor, body))
  bind(app, ctx, segments.segmentFromFilter, ({ body, actor }) => createFromFilter(ctx, actor, body))
  bind(app, ctx, segments.pickedSegment, ({ body, actor }) => createPicked(ctx, actor, body))
  bind(app, ctx, segments.updateSegment, ({ params, body, actor }) => updateSegment(ctx, actor, params.id, body))
  bind(app, ctx, segments.deleteSegment, async ({ params, actor }) => {
    await deleteSegment(ctx, actor, params.id)
    return undefined
  })
  bind(app, ctx, segments.restoreSegment, ({ params, actor }) => restoreSegment(ctx, actor, params.id))
  bind(app, ctx, segments.refreshSegment, async ({ params, actor }) => {
    const { kind } = await readSegment(ctx, params.id)
    checkRefreshable(params.id, kind)
    return startJob(ctx, actor, 'segment_refresh', { segment_id: params.id })
  })
  bind(app, ctx, segments.getPlaybook, async ({ params }) => {
    const playbook = playbookOf(await readSegment(ctx, params.id))
    return { playbook, check: await judgePlaybook(ctx, playbook) }
  })
  bind(app, ctx, segments.putPlaybook, async ({ params, body, actor }) => {
    const playbook = playbookOf(await updateSegment(ctx, actor, params.id, body))
    return { playbook, check: await judgePlaybook(ctx, playbook) }
  })
  bind(app, ctx, segments.checkPlaybook, async ({ body }) => {
    await refusePlaybookFaults(ctx, body)
    return judgePlaybook(ctx, body)
  })
  bind(app, ctx, segments.exportPlaybooks, async ({ reply }) => {
    await reply
      .type('application/yaml; charset=utf-8')
      .header('content-disposition', 'attachment; filename="playbooks.yaml"')
      .send(await writePlaybooks(ctx))
    return undefined
  })
  bind(app, ctx, segments.importPlaybooks, ({ body, actor }) => readPlaybooks(ctx, actor, body))
  bind(app, ctx, segments.segmentCustomers, ({ params, query, actor }) => listMembers(ctx, actor, params.id, query))
}

/** A rule may ask for an address; role `user` sees that it does, not for which. */
function shown<T extends object>(segment: T, actor: Pick<Actor, 'role'>): T {
  return actor.role === 'user' ? (JSON.parse(hideAddresses(JSON.stringify(segment))) as T) : segment
}
