import type { TemplateFinding } from '#core/delivery/check.ts'
import { measureSms, type SmsSize } from '#core/delivery/sms-segments.ts'
import type { Variables } from '#core/delivery/template.ts'
import { formatCents } from '#core/money.ts'
import { describeOffer, type Offer } from '#core/planning/offer.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../http/errors.ts'
import { createComposer } from './render.ts'
import { sampleVariables } from './starter-templates/sample.ts'
import { findProblems, readTemplate } from './templates.ts'

export interface Preview {
  subject: string | null
  html: string | null
  text: string
  html_bytes: number
  sms: SmsSize | null
  problems: TemplateFinding[]
}

// No send has this id: links of a preview lead to the "unknown link" page.
const previewSend = '00000000-0000-7000-8000-000000000000'

/** The template as a customer would get it today; without a customer, as the sample customer. */
export async function previewTemplate(ctx: Ctx, templateId: string, customerId?: string): Promise<Preview> {
  const template = await readTemplate(ctx.pool, templateId)
  const person = customerId ? await variablesFor(ctx, customerId) : { variables: sampleVariables, storeId: null }
  const recipient = template.channel === 'email' ? 'sample@example.com' : '+15185550134'
  const [message] = await createComposer(ctx).compose([
    {
      id: previewSend,
      campaign_id: null,
      recipient,
      template_id: templateId,
      variables: person.variables,
      store_id: person.storeId,
    },
  ])
  if (!message || 'failure' in message)
    throw new AppError('template.cannot_render', message?.failure ?? 'The template cannot be filled in.')
  const html = message.html()
  const text = message.text()
  return {
    subject: message.subject,
    html,
    text,
    html_bytes: Buffer.byteLength(html ?? ''),
    sms: template.channel === 'sms' ? measureSms(text) : null,
    problems: findProblems(template),
  }
}

async function variablesFor(ctx: Ctx, customerId: string): Promise<{ variables: Variables; storeId: string | null }> {
  const { rows } = await ctx.pool.query<{
    first_name: string | null
    store_id: string | null
    category: string | null
    reason: string | null
    offer: Offer | null
  }>(
    `select c.first_name, c.store_id, cs.primary_category as category, a.reason, a.offer
     from customers as c left join customer_scores as cs on cs.customer_id = c.id
     left join lateral (select actions.reason, actions.offer from actions where actions.customer_id = c.id order by actions.id desc limit 1) as a on true
     where c.id = $1 and c.deleted_at is null`,
    [customerId],
  )
  const person = rows[0]
  if (!person) throw notFound('customer', customerId)
  const { rows: products } = await ctx.pool.query<{ name: string; price_cents: number }>(
    `select p.name, p.price_cents from products as p where p.is_active and ($1::text is null or p.category = $1) order by p.id limit 3`,
    [person.category],
  )
  const offer = person.offer
    ? {
        title: person.offer.title,
        text: describeOffer(person.offer),
        code: person.offer.code,
        ends: person.offer.valid_to,
      }
    : sampleVariables['offer']
  return {
    storeId: person.store_id,
    variables: {
      first_name: person.first_name,
      reason: person.reason,
      offer,
      products: products.map((p) => ({ name: p.name, price: formatCents(p.price_cents) })),
    },
  }
}
