import { segments } from '#contract/segments.ts'
import { bind, type Routes } from '../http/bind.ts'
import { listMembers, listSegments, readSegment } from './queries.ts'

export const segmentRoutes: Routes = (app, ctx) => {
  bind(app, ctx, segments.listSegments, ({ query }) => listSegments(ctx, query))
  bind(app, ctx, segments.getSegment, ({ params }) => readSegment(ctx, params.id))
  bind(app, ctx, segments.segmentCustomers, ({ params, query, actor }) => listMembers(ctx, actor, params.id, query))
}
