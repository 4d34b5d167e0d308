import { compilePlan, fillPlan, orCopy } from '#core/delivery/plan.ts'
import { compileTemplate } from '#core/delivery/template.ts'
import { measureSms } from '#core/delivery/sms-segments.ts'
import type { TemplatePreview } from '#contract/delivery.ts'
import type { Ctx } from '../context.ts'
import { readSetting } from '../settings.ts'
import { preferencesUrl, unsubscribeUrl } from '../tokens.ts'
import { checkContent, type Content } from './check-template.ts'
import { readPerson, type PreviewPerson } from './preview-person.ts'
import { starterColor } from '#core/delivery/blocks.ts'
import { sampleStore } from './starter-templates/sample.ts'
import { readStores } from './stores.ts'
import { readTemplate } from './templates.ts'

// No send has this id: the unsubscribe link of a preview leads to the "unknown link" page.
const previewSend = '00000000-0000-7000-8000-000000000000'

/** A stored template as a customer would get it today; without a customer, as the sample customer. */
export async function previewTemplate(ctx: Ctx, templateId: string, customerId?: string): Promise<TemplatePreview> {
  return previewContent(ctx, await readTemplate(ctx.pool, templateId), customerId ?? null)
}

/**
 * Words as a customer would get them, saved or not. Nothing is counted and no link is stored. Words with faults give
 * the faults and an empty message. Throws not_found for the customer.
 */
export async function previewContent(ctx: Ctx, content: Content, customerId: string | null): Promise<TemplatePreview> {
  return previewFilled(ctx, content, await readPerson(ctx.pool, customerId))
}

/** A stored template filled with what a plan says to somebody. Throws not_found for the template. */
export async function previewMessage(ctx: Ctx, templateId: string, person: PreviewPerson): Promise<TemplatePreview> {
  return previewFilled(ctx, await readTemplate(ctx.pool, templateId), person)
}

async function previewFilled(ctx: Ctx, content: Content, person: PreviewPerson): Promise<TemplatePreview> {
  const { subject_template, preheader_template, body_mjml_template, body_text_template, channel } = content
  const [{ template, problems }, shop] = await Promise.all([
    checkContent({ channel, subject_template, preheader_template, body_mjml_template, body_text_template }),
    readSetting(ctx.pool, 'shop'),
  ])
  if (problems.some((p) => p.level === 'error'))
    return { subject: null, preheader: null, html: null, text: '', html_bytes: 0, sms: null, problems }
  const stores = await readStores(ctx.pool, shop)
  const found = stores.find(person.storeId)
  if (!found)
    problems.push({
      level: 'warning',
      message: 'The shop has no store yet: the address here is an example, and nothing can be sent without a real one.',
      field: null,
      line: null,
    })
  const store = found ?? { ...sampleStore, name: shop.name, legal_name: shop.name }
  const { publicUrl, secret } = ctx.config
  const message = fillPlan(
    compilePlan(template, { trackOpens: false, trackClicks: false, brandColor: shop.brand_color, starterColor }),
    {
      sendId: previewSend,
      campaignId: null,
      address: channel === 'email' ? 'sample@example.com' : '+15185550134',
      variables: person.variables,
      store,
      links: {
        unsubscribe: unsubscribeUrl(publicUrl, secret, previewSend),
        preferences: preferencesUrl(publicUrl, secret, previewSend),
      },
    },
    { name: shop.from_name, email: shop.from_email, replyTo: shop.reply_to, shopName: shop.name },
    ctx.clock(),
  )
  const html = message.html()
  const text = message.text()
  const preheader = template.preheader_template
    ? compileTemplate(orCopy('preheader', template.preheader_template), 'line').render({ ...person.variables, store })
    : null
  return {
    subject: message.subject,
    preheader,
    html,
    text,
    html_bytes: Buffer.byteLength(html ?? ''),
    sms: channel === 'sms' ? measureSms(text) : null,
    problems,
  }
}
