import type { ClientBase } from 'pg'
import { addDays, localDate, weekStart } from '#core/calendar.ts'
import { holidaysBetween } from '#core/holidays.ts'
import { copyIn, withTx } from '#db/pool.ts'
import { createUser } from '../accounts/users.ts'
import { systemActor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { seedTemplates } from '../delivery/templates.ts'
import { generatePlan } from '../planning/generate.ts'
import { generateActions } from '../scoring/actions.ts'
import { scoreCustomers } from '../scoring/score.ts'
import { makeCatalog } from './catalog.ts'
import { emailOfDemo, passwordOfDemo } from './identity.ts'
import { makeOffers } from './offers.ts'
import { demoZone, makeOrders, type DemoOrder } from './orders.ts'
import { insertOrders } from './insert-orders.ts'
import { playPastCampaign, type DemoShop } from './past-campaign.ts'
import { makePeople } from './people.ts'
import { createChance, type Chance } from './random.ts'

const customerCount = 5000
const monthsOfHistory = 18

export interface LoadedDemo {
  customers: number
  orders: number
  campaigns: number
  seconds: number
}

/**
 * Fills an empty shop with a believable one: the same seed and day give the same shop. Its past campaigns went through
 * the real scoring, planning and start; only what customers did with the messages is made up. Null: not empty.
 */
export async function loadDemo(
  ctx: Ctx,
  options: { say?: (text: string) => void; customers?: number } = {},
): Promise<LoadedDemo | null> {
  const started = Date.now()
  const say = options.say ?? ((text: string) => ctx.log.info(text))
  const { rows } = await ctx.pool.query<{ empty: boolean }>(
    'select not exists (select 1 from users) and not exists (select 1 from customers) as empty',
  )
  if (!rows[0]!.empty) return null

  say('Making the demo shop: catalogue, customers and 18 months of orders')
  const now = ctx.clock()
  const start = new Date(now.getTime() - monthsOfHistory * 30.44 * 86_400_000)
  const chance = createChance(20_261_123)
  await seedTemplates(ctx)
  const shop = await withTx(ctx.pool, (tx) => fillShop(tx, chance, start, now, options.customers ?? customerCount))
  await createUser(ctx, systemActor, {
    email: emailOfDemo,
    password: passwordOfDemo,
    fullName: 'Greta Lindqvist',
    role: 'admin',
  })
  await ctx.pool.query('update users set has_public_password = true where users.email = $1', [emailOfDemo])
  await ctx.pool.query('analyze customers, orders, order_items, products')

  say('Playing two past campaigns')
  const monday = weekStart(localDate(now, demoZone))
  await playPastCampaign(ctx, chance, shop, { name: 'Fall win-back', week: addDays(monday, -35) })
  await playPastCampaign(ctx, chance, shop, { name: 'November table', week: addDays(monday, -21) })

  say('Scoring every customer and planning next week')
  await scoreCustomers(ctx, { asOf: now })
  await generateActions(ctx, {})
  await generatePlan(ctx, {
    weekStart: addDays(monday, 7),
    engine: 'heuristic',
    actor: systemActor,
  })
  await ctx.pool.query('update campaigns set is_demo = true')
  const { rows: counts } = await ctx.pool.query<{ customers: number; orders: number; campaigns: number }>(
    'select (select count(*) from customers) as customers, (select count(*) from orders) as orders, (select count(*) from campaigns) as campaigns',
  )
  return { ...counts[0]!, seconds: Math.round((Date.now() - started) / 100) / 10 }
}

/** A sign-up form that can be looked at, printed and tried: what it asks goes to the sandbox like everything else. */
async function insertForm(tx: ClientBase): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into signup_forms (key, name, channels, headline, intro, thanks, asks_zip) values ('cellar-news', 'Counter and website', '{email,sms}',
       'Good bottles, told to you first', 'New arrivals, tastings and an offer now and then. For adults of 21 and over.', 'See you at the counter.', true) returning id`,
  )
  return rows[0]!.id
}

async function fillShop(tx: ClientBase, chance: Chance, start: Date, now: Date, count: number): Promise<DemoShop> {
  const stores = await insertStores(tx)
  await tx.query(`insert into settings (name, value) values ('shop', $1), ('demo', $2)`, [
    JSON.stringify({
      name: 'Corner Cellars',
      currency: 'USD',
      time_zone: demoZone,
      margin_pct: 26,
      from_name: 'Corner Cellars',
      from_email: 'hello@cornercellars.example.com',
      website: 'https://www.cornercellars.example.com/',
    }),
    JSON.stringify({ loaded_at: now.toISOString(), customers: count, signup_form: await insertForm(tx) }),
  ])
  const products = makeCatalog(chance, start)
  await copyIn(
    tx,
    'products',
    [
      'id',
      'sku',
      'name',
      'brand',
      'department',
      'category',
      'size_ml',
      'price_cents',
      'unit_cost_cents',
      'stock',
      'is_demo',
    ],
    products.map((p) => [
      p.id,
      p.sku,
      p.name,
      p.brand,
      p.department,
      p.category,
      p.size_ml,
      p.price_cents,
      p.unit_cost_cents,
      p.stock,
      true,
    ]),
  )
  await insertOffers(tx, chance, start)

  const people = makePeople(chance, count, start, now)
  await copyIn(
    tx,
    'customers',
    [
      'id',
      'external_id',
      'email',
      'phone',
      'name',
      'first_name',
      'birth_date',
      'age_status',
      'email_consent',
      'sms_consent',
      'address',
      'city',
      'state',
      'zip',
      'time_zones',
      'store_id',
      'tags',
      'is_demo',
      'created_at',
    ],
    people.map((p) => [
      p.id,
      p.external_id,
      p.email,
      p.phone,
      p.name,
      p.first_name,
      p.birth_date,
      p.age_status,
      p.email_consent,
      p.sms_consent,
      p.address,
      p.city,
      p.state,
      p.zip,
      `{${demoZone}}`,
      stores[p.store]!,
      `{${p.tags.map((t) => `"${t}"`).join(',')}}`,
      true,
      p.joined.toISOString(),
    ]),
  )
  await tx.query(`insert into consents (customer_id, channel, status, source, text_version, given_at)
    select c.id, v.channel, v.status, 'demo: till sign-up', 'demo-1', c.created_at from customers as c
    cross join lateral (values ('email', c.email_consent), ('sms', c.sms_consent)) as v(channel, status)
    where c.is_demo and v.status in ('granted', 'denied')`)

  const latest = new Map<string, DemoOrder>()
  const orders: DemoOrder[] = []
  for (const order of makeOrders(
    chance,
    people,
    products,
    start,
    now,
    holidaysBetween(start.toISOString().slice(0, 10), now.toISOString().slice(0, 10)).map((h) => h.day),
  )) {
    orders.push(order)
    latest.set(order.customer.id, order)
  }
  await insertOrders(tx, orders, stores)
  return { people, latest }
}

const stretch = (start: string, end: string) => [{ start, end }]
const weekday = stretch('10:00', '21:00')
const weekend = stretch('10:00', '22:00')
const openingHours = [weekday, weekday, weekday, weekday, weekend, weekend, stretch('12:00', '18:00')]

async function insertStores(tx: ClientBase): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    `insert into stores (external_id, name, legal_name, licence_number, address, city, state, zip, time_zone, phone, is_demo, opening_hours) values
       ('demo-oak', 'Corner Cellars, Oak Street', 'Corner Cellars LLC', 'IL-1A-0098231', '412 Oak St', 'Springfield', 'IL', '62701', $1, '+12175550142', true, $2),
       ('demo-cherokee', 'Corner Cellars, Cherokee Street', 'Corner Cellars LLC', 'MO-11-55102', '2715 Cherokee St', 'St. Louis', 'MO', '63118', $1, '+13145550177', true, $2)
     returning id`,
    [demoZone, JSON.stringify(openingHours)],
  )
  return rows.map((r) => r.id)
}

async function insertOffers(tx: ClientBase, chance: Chance, at: Date): Promise<void> {
  await tx.query(
    `insert into offers (id, key, title, kind, value, min_quantity, department, category, min_spend_cents, funded_by, redeemable_as_coupon, code, unit_cost_cents, is_demo)
     select o.id, o.key, o.title, o.kind, o.value, o.min_quantity, o.department, o.category, o.min_spend_cents, o.funded_by, o.redeemable_as_coupon, o.code, o.unit_cost_cents, true
     from jsonb_to_recordset($1::jsonb) as o(id uuid, key text, title text, kind text, value numeric, min_quantity int, department text, category text,
       min_spend_cents bigint, funded_by text, redeemable_as_coupon boolean, code text, unit_cost_cents bigint)`,
    [JSON.stringify(makeOffers(chance, at))],
  )
}
