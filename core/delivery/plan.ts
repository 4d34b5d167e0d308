import { frameSms, footerText, withFooter, type StoreFacts } from './footer.ts'
import {
  assertMailbox,
  encodeHeaderText,
  formatMailbox,
  marketingHeaders,
  messageIdOf,
  type Header,
} from './headers.ts'
import { extractLinks, openPixel, type TrackedLink } from './links.ts'
import { compileMime, formatDate, type MimeTemplate } from './mime.ts'
import type { ChannelKind, OutgoingMessage } from './message.ts'
import { plainSms } from './sms-segments.ts'
import { compileTemplate, withoutControls, type CompiledTemplate, type Variables } from './template.ts'

/** A version of a template as stored. */
export interface TemplateSource {
  id: string
  key: string
  version: number
  channel: ChannelKind
  subject_template: string | null
  preheader_template: string | null
  body_html_template: string | null
  body_text_template: string
}

export interface PlanOptions {
  trackOpens: boolean
  trackClicks: boolean
  /** replaces the colour that starters are written in */
  brandColor: string
  starterColor: string
}

/** A template with footer, links and pixel in place, read once; everything per recipient goes through its holes. */
export interface MessagePlan {
  template: TemplateSource
  links: readonly TrackedLink[]
  subject: CompiledTemplate | null
  /** subjects of a test, compiled when first met */
  subjects: Map<string, CompiledTemplate>
  html: CompiledTemplate | null
  text: CompiledTemplate
  mime: MimeTemplate | null
}

export interface SenderFacts {
  name: string
  email: string
  replyTo: string | null
  shopName: string
}

export interface Recipient {
  sendId: string
  campaignId: string | null
  address: string
  variables: Variables
  store: StoreFacts
  /** finished addresses by hole: unsubscribe, preferences, open, l0.. */
  links: Readonly<Record<string, string>>
}

/** Compiles a template version. Throws TemplateError when its source is wrong. */
export function compilePlan(template: TemplateSource, options: PlanOptions): MessagePlan {
  if (template.channel === 'sms') {
    return {
      template,
      links: [],
      subject: null,
      subjects: new Map(),
      html: null,
      text: compileTemplate(frameSms(orCopy('body', template.body_text_template)), 'text'),
      mime: null,
    }
  }
  const page = withPreheader(branded(template.body_html_template ?? '', options), template.preheader_template)
  const { html, links } = options.trackClicks ? extractLinks(page) : { html: page, links: [] }
  const wholeHtml = withFooter(html, options.trackOpens ? openPixel : '')
  const wholeText = template.body_text_template + footerText
  const plan: { -readonly [K in keyof MessagePlan]: MessagePlan[K] } = {
    template,
    links,
    subject: compileTemplate(orCopy('subject', template.subject_template ?? ''), 'line'),
    subjects: new Map(),
    html: compileTemplate(wholeHtml, 'html'),
    text: compileTemplate(wholeText, 'text'),
    mime: compileMime(wholeText, wholeHtml, `${template.id}${template.version}`),
  }
  return plan
}

/** A plan may bring words of its own for a segment: they are values, escaped like any other, and never read as a template. */
export function orCopy(part: 'subject' | 'preheader' | 'body', source: string): string {
  return `{% if copy.${part} %}{{ copy.${part} }}{% else %}${source}{% endif %}`
}

/** The finished message of one recipient. Throws HeaderError for an address that could break out of its header. */
export function fillPlan(plan: MessagePlan, to: Recipient, from: SenderFacts, at: Date): OutgoingMessage {
  const variables: Variables = {
    ...to.variables,
    store: { ...(isRecord(to.variables['store']) ? to.variables['store'] : {}), ...to.store },
    _link: to.links,
  }
  const domain = from.email.slice(from.email.indexOf('@') + 1)
  const base = {
    sendId: to.sendId,
    kind: plan.template.channel,
    messageId: messageIdOf(to.sendId, domain),
    senderName: from.name,
    recipient: to.address,
  }
  if (plan.template.channel === 'sms') {
    const body = plainSms(plan.text.render(variables))
      .replace(/[ \t]+/g, ' ')
      .replace(/ ?\n ?/g, '\n')
      .trim()
    return {
      ...base,
      sender: withoutControls(to.store.phone ?? from.shopName, ' '),
      subject: null,
      headers: [['X-Send-Id', to.sendId]],
      html: () => null,
      text: () => body,
      mime: () => {
        throw new TypeError('A text has no MIME form.')
      },
    }
  }
  assertMailbox(to.address)
  const subject = (subjectOf(plan, to.variables['_subject'])?.render(variables) ?? '')
    .replace(/ {2,}/g, ' ')
    .trim()
    .slice(0, 300)
  const bulk = marketingHeaders({
    sendId: to.sendId,
    campaignId: to.campaignId,
    templateKey: plan.template.key,
    domain,
    shopName: from.shopName,
    unsubscribeUrl: to.links['unsubscribe'] ?? '',
  })
  const headers: Header[] = [
    ['From', formatMailbox(from.name, from.email)],
    ['To', to.address],
    ...(from.replyTo ? [['Reply-To', formatMailbox('', from.replyTo)] as const] : []),
    ['Subject', encodeHeaderText(subject)],
    ['Date', formatDate(at)],
    ['Message-ID', base.messageId],
    ...bulk,
  ]
  return {
    ...base,
    sender: from.email,
    subject,
    headers: bulk,
    replyTo: from.replyTo,
    html: () => plan.html?.render(variables) ?? null,
    text: () => plan.text.render(variables),
    mime: () => plan.mime!.render(headers, variables),
  }
}

/** The template's subject, or the one that a test gives this recipient. */
function subjectOf(plan: MessagePlan, tested: unknown): CompiledTemplate | null {
  if (typeof tested !== 'string') return plan.subject
  let compiled = plan.subjects.get(tested)
  if (!compiled) plan.subjects.set(tested, (compiled = compileTemplate(tested, 'line')))
  return compiled
}

function withPreheader(html: string, preheader: string | null): string {
  const line = `<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;">${orCopy('preheader', preheader ?? '')}${'&#847;&zwnj;&nbsp;'.repeat(30)}</div>`
  const hidden = preheader ? line : `{% if copy.preheader %}${line}{% endif %}`
  return html.replace(/<body\b[^>]*>/i, (body) => body + hidden)
}

function branded(html: string, options: PlanOptions): string {
  const color = /^#[0-9A-Fa-f]{6}$/.test(options.brandColor) ? options.brandColor : options.starterColor
  return html.replace(new RegExp(options.starterColor, 'gi'), color)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
