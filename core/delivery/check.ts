import { lineAt } from './mjml-tags.ts'
import { compilePlan, fillPlan, type PlanOptions, type TemplateSource } from './plan.ts'
import type { StoreFacts } from './footer.ts'
import { measureSms } from './sms-segments.ts'
import { templateFields, type TemplateField } from './template-fields.ts'
import { compileTemplate, findUnknownValues, TemplateError, type TemplateMode, type Variables } from './template.ts'

export interface TemplateFinding {
  level: 'error' | 'warning'
  message: string
  /** where it stands: the field, and the line in it where that is known */
  field: TemplateField | null
  line: number | null
}

/** A template as it is written, with the page compiled from it. */
export type WrittenTemplate = TemplateSource & { body_mjml_template: string | null }

export interface CheckCase {
  variables: Variables
  store: StoreFacts
}

// Gmail cuts a page at about 102 KB, and with it the footer the law wants seen.
const maxHtmlBytes = 90_000

const modes: Record<TemplateField, TemplateMode> = {
  subject_template: 'line',
  preheader_template: 'html',
  body_mjml_template: 'html',
  body_text_template: 'text',
}

/** What a message can say, by its name in a template; a store has more, the links of the footer are not for shops. */
export const templateValues: readonly string[] = [
  'first_name',
  'reason',
  'products',
  ...['title', 'text', 'code', 'ends', 'terms'].map((name) => `offer.${name}`),
  // words a plan brings for a segment; subject and preheader stand before the template's own by themselves
  ...['headline', 'body', 'subject', 'preheader'].map((name) => `copy.${name}`),
  ...['name', 'legal_name', 'address', 'city', 'state', 'zip', 'licence_number', 'phone', 'url'].map(
    (name) => `store.${name}`,
  ),
]
const known = new Set(templateValues)

/** Faults of the Liquid in each field, with their lines: what cannot be read, cannot be filled in, or prints nothing. */
export function checkWords(
  template: Pick<WrittenTemplate, TemplateField>,
  cases: Record<string, CheckCase>,
): TemplateFinding[] {
  return templateFields.flatMap((field): TemplateFinding[] => {
    const source = template[field]
    if (!source) return []
    try {
      const compiled = compileTemplate(source, modes[field])
      for (const { variables, store } of Object.values(cases)) compiled.render({ ...variables, store, _link: {} })
      const raw = /\|\s*raw\b/.exec(source)
      if (raw) {
        const message = 'The filter "raw" is not allowed: values are always escaped.'
        return [{ level: 'error', message, field, line: lineAt(source, raw.index) }]
      }
      return findUnknownValues(source, known).map(({ name, line }) => ({
        level: 'warning',
        message: `There is no value "${name}"; it prints nothing.`,
        field,
        line,
      }))
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error
      return [{ level: 'error', message: `${error.message}.`, field, line: error.line }]
    }
  })
}

/** What is wrong with a template, found by reading it and by filling it in for a known and an unknown customer. */
export function checkTemplate(
  template: WrittenTemplate,
  cases: { known: CheckCase; unknown: CheckCase },
  options: PlanOptions,
): TemplateFinding[] {
  const found = checkWords(template, cases)
  const body: TemplateField = template.channel === 'email' ? 'body_mjml_template' : 'body_text_template'
  const source = template[body] ?? ''
  // What is found in the compiled page is looked up in what was written.
  const error = (message: string, field: TemplateField = body, words?: string): void => {
    const at = words ? source.indexOf(words) : -1
    found.push({ level: 'error', message, field, line: at < 0 ? null : lineAt(source, at) })
  }
  const warning = (message: string): number => found.push({ level: 'warning', message, field: body, line: null })
  const html = template.body_html_template ?? ''
  if (template.body_text_template.trim() === '')
    error('The plain text is empty; mail programs without HTML would show nothing.', 'body_text_template')
  if (template.channel === 'email') checkMarkup(html, (message, words) => error(message, body, words))
  if (found.some((f) => f.level === 'error')) return found
  try {
    const plan = compilePlan(template, options)
    for (const [who, given] of Object.entries(cases)) {
      const message = fillPlan(
        plan,
        {
          sendId: '00000000-0000-7000-8000-000000000000',
          campaignId: null,
          address: 'sample@example.com',
          links: sampleLinks(plan.links.length),
          ...given,
        },
        { name: 'Shop', email: 'shop@example.com', replyTo: null, shopName: 'Shop' },
        new Date(0),
      )
      if (template.channel === 'email') {
        if (!message.subject)
          error(`The subject is empty for ${who === 'known' ? 'a known' : 'an unknown'} customer.`, 'subject_template')
        const bytes = new TextEncoder().encode(message.html() ?? '').length
        if (bytes > maxHtmlBytes)
          error(
            `The page has ${Math.ceil(bytes / 1000)} KB; mail programs cut it beyond ${maxHtmlBytes / 1000} KB. Shorten it.`,
          )
        message.mime()
      } else {
        const size = measureSms(message.text())
        if (size.segments > 2)
          warning(
            `The text needs ${size.segments} segments for ${who === 'known' ? 'a known' : 'an unknown'} customer; each is billed.`,
          )
        if (size.encoding === 'UCS-2') warning('The text holds characters that halve what fits into a segment.')
      }
    }
  } catch (cause) {
    error((cause as Error).message)
  }
  return found
}

function checkMarkup(html: string, error: (message: string, words?: string) => void): void {
  if (html.trim() === '') return error('The email has no content.')
  const active = /<\s*(script|iframe|object|embed|form|input|base|link\b[^>]*\bimport)\b/i.exec(html)
  if (active) error('Scripts, frames and forms do not work in email and are refused.', active[0])
  const handler = /<[^>]*(\son[a-z]+\s*=)/i.exec(html)
  if (handler) error('Event attributes such as onclick are refused.', handler[1])
  const address = /(?:href|src)\s*=\s*["']\s*((?:javascript|data|vbscript):)/i.exec(html)
  if (address) error('Addresses must begin with https://, mailto: or tel:.', address[1])
  const unquoted = /<[^>]*(=\s*\{\{)/.exec(html)
  if (unquoted) error('Put quotes around attributes that hold a variable: href="{{ ... }}".', unquoted[1])
  for (const [, target = ''] of html.matchAll(/\b(?:href|src)\s*=\s*"([^"]*)"/gi)) {
    if (target.includes('{{') && !/\{\{-?\s*store\./.test(target) && !/\|\s*safe_url/.test(target))
      error(`The address ${target} holds a variable: write {{ ... | safe_url }}.`, target)
  }
  for (const [image] of html.matchAll(/<img\b[^>]*>/gi)) {
    if (!/\balt\s*=/.test(image))
      error('Every picture needs an alternative text (alt="...").', /\bsrc\s*=\s*"([^"]*)"/.exec(image)?.[1])
  }
}

function sampleLinks(count: number): Record<string, string> {
  const names = ['unsubscribe', 'preferences', 'open', ...Array.from({ length: count }, (_, i) => `l${i}`)]
  return Object.fromEntries(names.map((name) => [name, `https://shop.example/${name}`]))
}
