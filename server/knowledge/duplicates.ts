import { digitsOf, likeness, mailboxOf, type Likeness } from '#core/knowledge/duplicates.ts'
import type { CustomerRow } from '#contract/knowledge.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { customerColumns, customerFrom, showCustomer } from '../customer-rows.ts'
import { notFound } from '../http/errors.ts'
import { createParams } from '../keyset.ts'
import { likeText } from './customer-filter.ts'

interface Found {
  customer: CustomerRow
  city: string | null
  zip: string | null
  likelihood: number
  reasons: string[]
}
type Stored = Omit<CustomerRow, 'is_masked'> & Likeness & { city: string | null }

const columns = 'c.email, c.phone, c.name, c.birth_date, c.address, c.zip, c.store_id'
const shownMost = 10

/**
 * Live customers who may be the same person. Each way to find them is an index (name, phone, mailbox, birth date); what
 * they have in common is weighed in core/knowledge/duplicates.ts. Throws not_found.
 */
export async function findDuplicates(ctx: Ctx, actor: Pick<Actor, 'role'>, id: string): Promise<{ data: Found[] }> {
  const { rows: mine } = await ctx.pool.query<Likeness & { is_demo: boolean }>(
    `select ${columns}, c.is_demo from customers as c where c.id = $1`,
    [id],
  )
  const me = mine[0]
  if (!me) throw notFound('customer', id)
  const params = createParams()
  const ways = waysToFind(me, (value) => params.add(value))
  if (ways.length === 0) return { data: [] }
  const self = params.add(id)
  const demo = params.add(me.is_demo)
  // One question for each way: a plan for "this or that or that" would read everybody.
  const found = ways.map((way) => `(select c.id from customers as c where ${way} and c.deleted_at is null limit 200)`)
  const { rows } = await ctx.pool.query<Stored>(
    `select ${customerColumns}, ${columns}, c.city from (${found.join(' union ')}) as x
     join ${customerFrom.replace('customers as c', 'customers as c on c.id = x.id')}
     where c.id <> ${self}::uuid and c.is_demo = ${demo}::boolean`,
    params.values,
  )
  const data = rows.flatMap((row) => {
    const like = likeness(me, row)
    const { birth_date: _b, address: _a, zip, city, ...customer } = row
    return like ? [{ customer: showCustomer(customer, actor), city, zip, ...like }] : []
  })
  data.sort((a, b) => b.likelihood - a.likelihood || (a.customer.id < b.customer.id ? -1 : 1))
  return { data: data.slice(0, shownMost) }
}

function waysToFind(me: Likeness, add: (value: unknown) => string): string[] {
  const ways: string[] = []
  const words = me.name?.replace(/,/g, ' ').split(/\s+/).filter(Boolean) ?? []
  // First and last word in any order finds "Ellison, Maya" and "Maya J. Ellison" as well.
  const [first, last] = [words[0], words.at(-1)]
  if (first && last && words.length > 1)
    ways.push(`c.name ilike ${add(`%${likeText(first)}%`)} and c.name ilike ${add(`%${likeText(last)}%`)}`)
  else if (me.name) ways.push(`c.name ilike ${add(likeText(me.name))}`)
  const digits = digitsOf(me.phone)
  if (digits) ways.push(`c.phone like ${add(`%${digits}`)}`)
  const box = mailboxOf(me.email)
  if (box) {
    const [local = '', domain = ''] = box.split('@')
    ways.push(`c.email::text ilike ${add(`${likeText(local)}%@${likeText(domain)}`)}`)
    // At Gmail dots mean nothing; the name without them is found through the one with them.
    const typed = me.email!.slice(0, me.email!.lastIndexOf('@')).replace(/\+.*$/, '')
    if (typed.toLowerCase() !== local)
      ways.push(`c.email::text ilike ${add(`${likeText(typed)}%@${likeText(domain)}`)}`)
  }
  if (me.birth_date && me.zip) ways.push(`c.birth_date = ${add(me.birth_date)}::date and c.zip = ${add(me.zip)}`)
  return ways
}
