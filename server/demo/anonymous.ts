import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { PoolClient } from 'pg'
import { csvLine } from '#core/knowledge/csv-cell.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'

/** Fewer people than these in a state or under a tag, and it is left out. */
const mostRare = 20
/** Above this share of spending somebody is known by it, and is left out whole. */
const spendersShare = 0.995
/** Area codes for numbers that belong to nobody: 555-0100 to 555-0199 are kept free for films in each. */
const areaCodes = '212 213 214 303 305 312 404 412 415 503 512 602 615 617 702 713 716 718 773 801 804 813 816 901 972'
const firstNames =
  'Ada Bo Cleo Dion Edda Finn Gus Hana Ivo Juno Kai Lux Milo Nia Otto Pia Quin Rex Sol Tess Uma Vito Wren Zoe'
const lastNames =
  'Ash Birch Cedar Dale Elm Fern Grove Heath Ivy Juniper Knoll Lake Moss North Oak Pine Quarry Reed Stone Vale'

export interface AnonymousFiles {
  customers: number
  orders: number
  products: number
  /** customers who could be known by what they spent */
  left_out: number
}

/**
 * Writes customers.csv, orders.csv and products.csv into a folder: a shop to try things out on, which `import` takes
 * elsewhere, without anybody real in it. People get invented names, addresses and numbers in a random order; each is moved
 * in time as a whole by up to sixty days and in money by up to five percent, so that rhythms and shares stay and no receipt
 * is found again; birth days are moved by up to two years, and what few people have is left out. It is not proof against
 * somebody who knows what a person buys: hand it on as you would hand on figures, not as you would publish them.
 */
export async function writeAnonymous(ctx: Ctx, actor: Actor, folder: string): Promise<AnonymousFiles> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return withTx(ctx.pool, async (tx) => {
    await tx.query('set transaction isolation level repeatable read')
    const { rows: all } = await tx.query<{ n: number }>(
      'select count(*) as n from customers where customers.deleted_at is null',
    )
    await tx.query(
      `create temp table anonymous on commit drop as
       with spent as (
         select c.id, coalesce(sum(o.total_cents), 0) as cents from customers as c left join orders as o on o.customer_id = c.id
         where c.deleted_at is null group by c.id
       ), usual as (select percentile_cont($1) within group (order by spent.cents) as most, count(*) as people from spent)
       select spent.id, row_number() over (order by random())::int as n, -floor(random() * 61)::int as days,
         (0.95 + random() * 0.1)::float8 as factor, floor(random() * 3)::int as years
       from spent, usual where spent.cents <= usual.most or usual.people < 200`,
      [spendersShare],
    )
    await tx.query('create unique index on anonymous (id); analyze anonymous')
    const products = await write(tx, path.join(folder, 'products.csv'), {
      columns: ['sku', 'name', 'brand', 'department', 'category', 'size_ml', 'price'],
      sql: `select p.sku, p.name, p.brand, p.department, p.category, p.size_ml::text, round(p.price_cents / 100.0, 2)::text from products as p order by p.sku`,
    })
    const customers = await write(tx, path.join(folder, 'customers.csv'), {
      columns: [
        'external_id',
        'email',
        'phone',
        'first_name',
        'last_name',
        'birth_date',
        'age_verified',
        'state',
        'tags',
        'email_consent',
        'sms_consent',
        'consent_source',
        'consent_date',
      ],
      sql: `with states as (select c.state from customers as c where c.deleted_at is null group by 1 having count(*) >= ${mostRare}),
         tags as (select t.tag from customers as c, unnest(c.tags) as t(tag) where c.deleted_at is null group by 1 having count(*) >= ${mostRare}),
         words as (select string_to_array('${areaCodes}', ' ') as codes, string_to_array('${firstNames}', ' ') as first, string_to_array('${lastNames}', ' ') as last)
       select 'A' || a.n, case when c.email is not null then 'a' || a.n || '@example.com' end,
         case when c.phone is not null and a.n <= 100 * cardinality(w.codes) then '+1' || w.codes[1 + (a.n - 1) / 100] || '55501' || lpad(((a.n - 1) % 100)::text, 2, '0') end,
         w.first[1 + a.n % cardinality(w.first)], w.last[1 + a.n / 7 % cardinality(w.last)],
         case when c.birth_date < $1::date - interval '25 years' then make_date(extract(year from c.birth_date)::int + a.years - 1, 1 + floor(random() * 12)::int, 1 + floor(random() * 28)::int)::text end,
         case when c.age_status in ('dob_verified', 'attested') then 'yes' end, s.state,
         (select string_agg(t.tag, '; ') from unnest(c.tags) as mine(tag) join tags as t on t.tag = mine.tag),
         case c.email_consent when 'granted' then 'yes' when 'denied' then 'no' end, case c.sms_consent when 'granted' then 'yes' when 'denied' then 'no' end,
         case when 'granted' in (c.email_consent, c.sms_consent) then 'anonymous copy' end, case when 'granted' in (c.email_consent, c.sms_consent) then $1::date::text end
       from anonymous as a join customers as c on c.id = a.id cross join words as w left join states as s on s.state = c.state order by a.n`,
      values: [ctx.clock()],
    })
    const lines = await write(tx, path.join(folder, 'orders.csv'), {
      columns: ['order_id', 'customer_id', 'ordered_at', 'total', 'sku', 'quantity', 'line_total', 'line_discount'],
      sql: `with moved as (
           select o.id, 'O' || row_number() over (order by random()) as number, a.n, a.factor, o.total_cents,
             o.ordered_at + make_interval(days => a.days, secs => 1 + floor(random() * 1199)) as at
           from orders as o join anonymous as a on a.id = o.customer_id
         )
         select m.number, 'A' || m.n, to_char(m.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           case when i.id is null then round(m.total_cents * m.factor / 100.0::float8)::text end, p.sku, i.quantity::float8::text,
           round((i.total_cents * m.factor / 100.0)::numeric, 2)::text, round((i.discount_cents * m.factor / 100.0)::numeric, 2)::text
         from moved as m left join order_items as i on i.order_id = m.id left join products as p on p.id = i.product_id order by m.at, m.number`,
    })
    const { rows: orders } = await tx.query<{ n: number }>(
      'select count(*) as n from orders as o join anonymous as a on a.id = o.customer_id',
    )
    const counts = { customers, orders: orders[0]!.n, products, left_out: all[0]!.n - customers }
    await audit(tx, actor, { action: 'shop.anonymous_copy', entity: 'shop', after: { ...counts, lines } })
    return counts
  })
}

const batchRows = 2000

async function write(
  tx: PoolClient,
  file: string,
  { columns, sql, values = [] }: { columns: readonly string[]; sql: string; values?: readonly unknown[] },
): Promise<number> {
  await tx.query(`declare anonymous_rows no scroll cursor for ${sql}`, [...values])
  // Never over a file that is there: it may be somebody's real one.
  const stream = createWriteStream(file, { mode: 0o600, flags: 'wx' })
  await once(stream, 'open')
  stream.write('\uFEFF' + csvLine(columns))
  let done = 0
  for (;;) {
    const { rows } = await tx.query<(string | null)[]>({
      text: `fetch ${batchRows} from anonymous_rows`,
      rowMode: 'array',
    })
    if (rows.length === 0) break
    if (!stream.write(rows.map((row) => csvLine(row.map((cell) => cell ?? ''))).join(''))) await once(stream, 'drain')
    done += rows.length
  }
  await tx.query('close anonymous_rows')
  stream.end()
  await once(stream, 'close')
  return done
}
