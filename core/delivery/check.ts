import { compilePlan, fillPlan, type PlanOptions, type TemplateSource } from './plan.ts'
import type { StoreFacts } from './footer.ts'
import { measureSms } from './sms-segments.ts'
import type { Variables } from './template.ts'

export interface TemplateFinding {
  level: 'error' | 'warning'
  message: string
}

export interface CheckCase {
  variables: Variables
  store: StoreFacts
}

// Gmail cuts a page at about 102 KB, and with it the footer the law wants seen.
const maxHtmlBytes = 90_000

/** What is wrong with a template, found by reading it and by filling it in for a known and an unknown customer. */
export function checkTemplate(
  template: TemplateSource,
  cases: { known: CheckCase; unknown: CheckCase },
  options: PlanOptions,
): TemplateFinding[] {
  const found: TemplateFinding[] = []
  const error = (message: string): number => found.push({ level: 'error', message })
  const warning = (message: string): number => found.push({ level: 'warning', message })
  const html = template.body_html_template ?? ''
  if (template.body_text_template.trim() === '')
    error('The plain text is empty; mail programs without HTML would show nothing.')
  if (template.channel === 'email') checkMarkup(html, error)
  const whole = [template.subject_template, template.preheader_template, html, template.body_text_template].join('\n')
  if (/\|\s*raw\b/.test(whole)) error('The filter "raw" is not allowed: values are always escaped.')
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
        if (!message.subject) error(`The subject is empty for ${who === 'known' ? 'a known' : 'an unknown'} customer.`)
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

function checkMarkup(html: string, error: (message: string) => number): void {
  if (html.trim() === '') return void error('The email has no content.')
  if (/<\s*(script|iframe|object|embed|form|input|base|link\b[^>]*\bimport)\b/i.test(html))
    error('Scripts, frames and forms do not work in email and are refused.')
  if (/<[^>]*\son[a-z]+\s*=/i.test(html)) error('Event attributes such as onclick are refused.')
  if (/(href|src)\s*=\s*["']\s*(javascript|data|vbscript):/i.test(html))
    error('Addresses must begin with https://, mailto: or tel:.')
  if (/<[^>]*=\s*\{\{/.test(html)) error('Put quotes around attributes that hold a variable: href="{{ ... }}".')
  for (const [, target = ''] of html.matchAll(/\b(?:href|src)\s*=\s*"([^"]*)"/gi)) {
    if (target.includes('{{') && !/\{\{-?\s*store\./.test(target) && !/\|\s*safe_url/.test(target))
      error(`The address ${target} holds a variable: write {{ ... | safe_url }}.`)
  }
  for (const [image] of html.matchAll(/<img\b[^>]*>/gi))
    if (!/\balt\s*=/.test(image)) error('Every picture needs an alternative text (alt="...").')
}

function sampleLinks(count: number): Record<string, string> {
  const names = ['unsubscribe', 'preferences', 'open', ...Array.from({ length: count }, (_, i) => `l${i}`)]
  return Object.fromEntries(names.map((name) => [name, `https://shop.example/${name}`]))
}
