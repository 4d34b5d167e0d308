import type { RouteShape } from '#contract/http.ts'

// Types only: the schemas (and zod) stay out of the bundle, the server checks what is sent.
type Modules =
  | typeof import('#contract/accounts.ts')
  | typeof import('#contract/analytics.ts')
  | typeof import('#contract/api-keys.ts')
  | typeof import('#contract/audit.ts')
  | typeof import('#contract/channels.ts')
  | typeof import('#contract/bulk.ts')
  | typeof import('#contract/compliance.ts')
  | typeof import('#contract/consents.ts')
  | typeof import('#contract/delivery.ts')
  | typeof import('#contract/dispatch.ts')
  | typeof import('#contract/experiments.ts')
  | typeof import('#contract/imports.ts')
  | typeof import('#contract/ingest.ts')
  | typeof import('#contract/integrations.ts')
  | typeof import('#contract/jobs.ts')
  | typeof import('#contract/knowledge.ts')
  | typeof import('#contract/llm.ts')
  | typeof import('#contract/merges.ts')
  | typeof import('#contract/offers.ts')
  | typeof import('#contract/orders.ts')
  | typeof import('#contract/own-account.ts')
  | typeof import('#contract/people.ts')
  | typeof import('#contract/personal-data.ts')
  | typeof import('#contract/planning.ts')
  | typeof import('#contract/products.ts')
  | typeof import('#contract/reports.ts')
  | typeof import('#contract/scoring.ts')
  | typeof import('#contract/segments.ts')
  | typeof import('#contract/settings.ts')
  | typeof import('#contract/signup.ts')
  | typeof import('#contract/stores.ts')
  | typeof import('#contract/system.ts')
  | typeof import('#contract/triggers.ts')
  | typeof import('#contract/views.ts')
  | typeof import('#contract/notices.ts')
  | typeof import('#contract/webhooks.ts')

type Shapes<M> = { [K in keyof M]: M[K] extends Record<string, RouteShape> ? M[K][keyof M[K]] : never }[keyof M]
type Every = Modules extends infer M ? (M extends unknown ? Shapes<M> : never) : never

/** Every endpoint by its name, e.g. `GET /api/v1/customers/:id`. A new contract file is added to `Modules`. */
export type Endpoints = { [R in Every as `${R['method']} ${R['path']}`]: R }
export type Endpoint = keyof Endpoints & string
export type ReadEndpoint = Extract<Endpoint, `GET ${string}`>
