import { ingest } from '#contract/ingest.ts'
import { orders } from '#contract/orders.ts'
import { bind, type Routes } from '../../http/bind.ts'
import { ingestEvents } from './behaviour.ts'
import { ingestCustomers } from './customers.ts'
import { listOrders, readOrder } from './orders-list.ts'
import { ingestOrders } from './orders.ts'

/** What programs send in batches, and orders read back. */
export const ingestRoutes: Routes = (app, ctx) => {
  bind(app, ctx, ingest.orders, ({ body, actor }) => ingestOrders(ctx, actor, body))
  bind(app, ctx, ingest.events, ({ body, actor }) => ingestEvents(ctx, actor, body.events))
  bind(app, ctx, ingest.customers, ({ body, actor }) => ingestCustomers(ctx, actor, body.customers))
  bind(app, ctx, orders.list, ({ query }) => listOrders(ctx, query))
  bind(app, ctx, orders.get, ({ params }) => readOrder(ctx, params.id))
}
