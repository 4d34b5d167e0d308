import type { Pool } from 'pg'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { startFilled } from './kept.ts'

/** The day on which the shop is looked at. */
export const shopDay = new Date('2026-11-23T18:00:00Z')

/** A database with a shop of six orders each in it, filled or kept. Say `stop` when done. */
export async function startShop(customers: number): ReturnType<typeof startFilled> {
  const filled = await startFilled(`six-each-${customers}`, async ({ url }) => {
    await migrate(url)
    process.stderr.write(`filling a shop of ${customers} customers and ${customers * 6} orders ...\n`)
    const pool = createPool(url, { max: 2 })
    // Its last connections may still be closing when the database stops.
    pool.on('error', () => undefined)
    await fillShop(pool, customers, shopDay)
    await pool.end()
  })
  // A kept shop may be older than the newest migration.
  await migrate(filled.database.url)
  return filled
}

// As many, and as often, as in a phone book: three letters of a surname are those of half a percent.
const firstNames =
  'James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph Jessica Thomas Karen Carlos Sarah Daniel Lisa Matthew Nancy Anthony Sandra Mark Ashley Steven Emily Andrew Kimberly Paul Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa Zoë José Omar Ruth Felix Grace Walter Hannah Tyler Olivia Jorge Sofia Wei Priya Darnell Aaliyah Björn Chloë'
const surnameBegins =
  'Adam Alder Ander Arm Ash Atkin Baker Bald Bar Beck Bell Benn Black Blake Bow Brad Brent Brook Bryan Burn Byr Cald Camp Carl Cart Chand Chap Clark Cliff Cole Conn Coop Corb Crow Cumm Dal Dav Daw Dean Del Denn Dick Don Doug Down Drum Dunm Eag East Edm Ell Emer Eng Ev Farr Fen Fer Fish Fitz Flet Ford Fost Frank Free Full Gal Gard Garr Gib Gil Glen God Good Gor Gran Greg Grif Hal Ham Han Hard Harr Hart Hay Hend Hick Hill Holm Hoop How Hud Hunt Ing Irv Jack Jam Jar Jeff Jenk John Jord Kell Kem Kent Kings Kirk Lamb Lang Lar Law Len Lin Lock Long Lov Luc Mack Mal Mar Mas Max McK Mead Mer Mid Mill Mont Moor Morr Mur Nel New Nich Nor Oak Oli Os Pal Park Patt Pax Pear Per Phil Pow Pres Quin Ram Red Reyn Rich Rob Rod Rosen Rus Sand Saw Sher Valen'
const surnameEnds = 'ton well field berg ley son worth man stein ford quist zalez ova dez more by combe shaw wick lin'
const surnameAdds = '- - - - - - - -Reed -Okafor Jr'

/** One of the words for the customer `i`; "-" is none, and "Jr" stands apart. */
const oneOf = (words: string, salt: string): string => {
  const list = words.split(' ').map((word) => `'${word === '-' ? '' : word === 'Jr' ? ' Jr' : word}'`)
  return `(array[${list.join(', ')}])[1 + (hashtext('C' || i || '${salt}') & 4194303) % ${list.length}]`
}

/**
 * A shop of many customers with six orders each, made inside the database; the same every time.
 * @param buying `habits`: people as they are, a sixth of them once and few sixty times, at their own pace until
 *   they stop, in the order of time as a till writes them; six orders each on average
 */
export async function fillShop(
  pool: Pool,
  customers: number,
  now: Date,
  buying: 'six each' | 'habits' = 'six each',
): Promise<void> {
  const sql = (text: string): Promise<unknown> => pool.query(text, text.includes('$1') ? [now] : [])
  await sql(`insert into products (sku, name, department, category, brand, price_cents)
    select 'S' || i, 'P' || i, (array['spirits', 'wine', 'beer'])[1 + i % 3], (array['Bourbon', 'Chardonnay', 'Lager', 'Gin'])[1 + i % 4], 'Brand ' || i % 40, 2000 from generate_series(1, 400) as i`)
  await sql(`insert into customers (external_id, email, name, state, tags, birth_date, email_consent, created_at)
    select 'C' || i, 'c' || i || '@example.com', ${oneOf(firstNames, 'f')} || ' ' || ${oneOf(surnameBegins, 'l')} || ${oneOf(surnameEnds, 'm')} || ${oneOf(surnameAdds, 'd')}, (array['NY', 'TX', 'CA', 'IL', 'FL'])[1 + i % 5], case when i % 20 = 0 then '{vip}'::text[] else '{}' end,
      date '1950-01-01' + (i::bigint * 7919 % 18000)::int, (array['granted', 'denied', 'unknown'])[1 + (hashtext('C' || i || 'e') & 4194303) % 3], $1::timestamptz - make_interval(days => i % 900) from generate_series(1, ${customers}) as i`)
  if (buying === 'six each') {
    await sql(`insert into orders (external_id, customer_id, ordered_at, total_cents)
      select 'O' || c.external_id || '-' || n, c.id, $1::timestamptz - make_interval(hours => (hashtext(c.external_id || n) & 16383)), 1000 + (hashtext(c.external_id || n) & 8191)
      from customers as c cross join generate_series(1, 6) as n`)
  } else {
    await sql(`insert into orders (external_id, customer_id, ordered_at, total_cents)
      select 'O' || h.external_id || '-' || n, h.id,
        date_trunc('day', $1::timestamptz) - make_interval(days => 1 + floor(h.tenure * (1 - h.stayed * case when n = 1 then 0 else least(1, (n - 1 + 1.4 * (${drawn("h.external_id || 'p' || n")} - 0.5)) / (h.orders - 1)) end))::int,
          mins => -(14 * 60 + floor(13 * 60 * sqrt(${drawn("h.external_id || 'h' || n")}))::int)) as at,
        (1500 * exp(1.2 * h.level + 0.8 * ${drawn("h.external_id || 'c' || n")}))::int
      from (
        select c.id, c.external_id, 2 + floor(1000 * ${drawn("c.external_id || 't'")}) as tenure, sqrt(${drawn("c.external_id || 's'")}) as stayed,
          1 + floor(-5.5 * ln(1 - ${drawn("c.external_id || 'n'")}))::int as orders, ${drawn("c.external_id || 'm'")} as level
        from customers as c
      ) as h cross join lateral generate_series(1, h.orders) as n
      order by at`)
  }
  await sql(`insert into order_items (order_id, product_id, quantity, total_cents)
    select o.id, p.id, 1 + (hashtext(o.external_id) & 3), o.total_cents from orders as o
    join (select id, row_number() over () as k from products) as p on p.k = 1 + (hashtext(o.external_id || 'x') & 255)${buying === 'habits' ? ' order by o.id' : ''}`)
  await sql(`insert into analytics_events (event_type, customer_id, send_id, channel, machine, occurred_at)
    select 'open', c.id, uuidv7(), 'email', false, $1::timestamptz - make_interval(hours => (hashtext(c.external_id || n) & 4095))
    from customers as c cross join generate_series(1, 2) as n where hashtext(c.external_id || 'o' || n) & 3 = 0`)
  await sql(`insert into customer_scores (customer_id, model_version, as_of, rfm_segment, churn_risk, clv_cents, purchase_frequency, due_ratio, is_night_buyer, total_spent_cents, avg_order_value_cents, last_purchase_at, primary_category)
    select c.id, 'bench', $1, (array['Champions', 'Loyal_Customers', 'Promising', 'At_Risk', 'Hibernating', 'Lost'])[1 + (hashtext(c.external_id || 's') & 4194303) % 6], (array['low', 'medium', 'high', 'new'])[1 + (hashtext(c.external_id) & 3)], hashtext(c.external_id) & 131071, 6, (hashtext(c.external_id) & 255) / 64.0, hashtext(c.external_id || 'n') & 7 = 0,
      (hashtext(c.external_id || 't') & 262143), (hashtext(c.external_id || 'a') & 16383), $1::timestamptz - make_interval(mins => (hashtext(c.external_id || 'l') & 1048575)),
      (array['Bourbon', 'Chardonnay', 'Lager', 'Gin'])[1 + (hashtext(c.external_id || 'c') & 3)] from customers as c`)
  for (const table of ['customers', 'customer_scores', 'orders', 'order_items', 'products', 'analytics_events'])
    await sql(`vacuum analyze ${table}`)
}

/** A number from 0 to below 1 that is the same for the same text. */
const drawn = (text: string): string => `((hashtext(${text}) & 1048575) / 1048576.0::float8)`
