import { accountRoutes } from './accounts/routes.ts'
import { analyticsRoutes } from './analytics/routes.ts'
import { complianceRoutes } from './compliance/routes.ts'
import { deliveryRoutes } from './delivery/routes.ts'
import { dispatchRoutes } from './dispatch/routes.ts'
import { feedbackRoutes } from './feedback/routes.ts'
import type { Routes } from './http/bind.ts'
import { jobRoutes } from './job-routes.ts'
import { ingestRoutes } from './knowledge/ingest/routes.ts'
import { knowledgeRoutes } from './knowledge/routes.ts'
import { signupRoutes } from './knowledge/signup/routes.ts'
import { tillRoutes } from './knowledge/tills/routes.ts'
import { planningRoutes } from './planning/routes.ts'
import { scoringRoutes } from './scoring/routes.ts'
import { segmentRoutes } from './segments/routes.ts'
import { noticeRoutes } from './notice-routes.ts'
import { settingRoutes } from './settings/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'
import { systemRoutes } from './system/routes.ts'

/** Every slice's routes, in the order of the pipeline. */
export const slices: Routes[] = [
  accountRoutes,
  knowledgeRoutes,
  ingestRoutes,
  tillRoutes,
  signupRoutes,
  segmentRoutes,
  scoringRoutes,
  planningRoutes,
  complianceRoutes,
  dispatchRoutes,
  deliveryRoutes,
  feedbackRoutes,
  analyticsRoutes,
  settingRoutes,
  webhookRoutes,
  noticeRoutes,
  systemRoutes,
  jobRoutes,
]
