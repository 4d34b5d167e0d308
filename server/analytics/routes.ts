import { analytics } from '#contract/analytics.ts'
import { bind, type Routes } from '../http/bind.ts'
import { readStale } from '../readings.ts'
import { readCampaign } from './campaign.ts'
import { readChurn } from './churn.ts'
import { readDashboard } from './dashboard.ts'
import { reportRoutes } from './report-routes.ts'
import { readRevenue } from './reports.ts'

export const analyticsRoutes: Routes = (app, ctx) => {
  reportRoutes(app, ctx)
  bind(app, ctx, analytics.dashboard, ({ query, actor }) => readDashboard(ctx, actor, query))
  bind(app, ctx, analytics.revenue, ({ query }) => readRevenue(ctx, query))
  bind(app, ctx, analytics.churn, ({ query, actor }) => readStale(ctx, (stale) => readChurn(stale, actor, query)))
  bind(app, ctx, analytics.campaign, ({ params }) => readCampaign(ctx, params.id))
}
