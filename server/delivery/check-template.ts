import {
  checkTemplate,
  checkWords,
  type CheckCase,
  type TemplateFinding,
  type WrittenTemplate,
} from '#core/delivery/check.ts'
import { templateFields, type TemplateField } from '#core/delivery/template-fields.ts'
import { lintCopy } from '#core/compliance/lint.ts'
import { findUnbalancedTag } from '#core/delivery/mjml-tags.ts'
import type { TemplateInput } from '#contract/delivery.ts'
import { InputError } from '../http/errors.ts'
import { compileMjml } from './mjml.ts'
import { starterColor } from '#core/delivery/blocks.ts'
import { emptyVariables, sampleStore, sampleVariables } from './starter-templates/sample.ts'

export type Content = Pick<
  TemplateInput,
  'channel' | 'subject_template' | 'preheader_template' | 'body_mjml_template' | 'body_text_template'
>

const cases: { known: CheckCase; unknown: CheckCase } = {
  known: { variables: sampleVariables, store: sampleStore },
  unknown: { variables: emptyVariables, store: sampleStore },
}
// Until it is stored, and where its id does not matter.
const nobody = '00000000-0000-7000-8000-000000000000'

export interface CheckedTemplate {
  /** with the compiled page; it can be sent when no finding is an error */
  template: WrittenTemplate
  problems: TemplateFinding[]
}

/** Compiles the words of a template and says everything that is wrong with them, errors first. */
export async function checkContent(content: Content, as = { key: 'draft', version: 1 }): Promise<CheckedTemplate> {
  const { channel, ...words } = content
  const template: WrittenTemplate = { id: nobody, ...as, channel, ...words, body_html_template: null }
  const done = (problems: TemplateFinding[]): CheckedTemplate => ({
    template,
    problems: [...problems, ...copyWarnings(words)].toSorted(
      (a, b) => Number(a.level === 'warning') - Number(b.level === 'warning'),
    ),
  })
  if (channel === 'sms') return done(checkTemplate(template, cases, plain))
  const missing = (
    [
      ['subject_template', 'An email needs a subject.'],
      ['body_mjml_template', 'An email needs a body.'],
    ] as const
  ).filter(([field]) => !words[field]?.trim())
  if (missing.length > 0) return done(missing.map(([field, message]) => errorAt(field, null, message)))
  const source = words.body_mjml_template!
  // Liquid first: its braces may make the MJML around them look wrong.
  const spoken = checkWords(template, cases)
  if (spoken.some((p) => p.level === 'error')) return done(spoken)
  const fault = findUnbalancedTag(source)
  if (fault) return done([...spoken, errorAt('body_mjml_template', fault.line, fault.message)])
  const { html, errors } = await compileMjml(source)
  if (html === '')
    return done(errors.map(({ line, message }) => errorAt('body_mjml_template', line, message)).slice(0, 5))
  template.body_html_template = html
  return done([
    ...checkTemplate(template, cases, plain),
    ...errors.map(({ line, message }) => ({
      level: 'warning' as const,
      field: 'body_mjml_template' as const,
      line,
      message,
    })),
  ])
}

/** Throws InputError with field and line when the template cannot be sent as it is. */
export async function requireSendable(
  content: Content,
  as: { key: string; version: number },
): Promise<CheckedTemplate> {
  const checked = await checkContent(content, as)
  const errors = checked.problems.filter((p) => p.level === 'error')
  if (errors.length > 0)
    throw new InputError(
      errors.map(({ field, line, message }) => ({
        path: field ?? 'body_text_template',
        message: line === null ? message : `Line ${line}: ${message}`,
      })),
    )
  return checked
}

/** Words that advertising codes forbid or frown on, each with its field and line. Warnings: the offer itself is judged apart. */
function copyWarnings(words: Omit<Content, 'channel'>): TemplateFinding[] {
  return templateFields.flatMap((field) =>
    (words[field] ?? '').split('\n').flatMap((text, i) =>
      lintCopy(text.replace(/\{[{%].*?[%}]\}/g, ' ')).map((v) => ({
        level: 'warning' as const,
        field,
        line: i + 1,
        message: `${v.summary} ${v.cure ?? ''}`.trim(),
      })),
    ),
  )
}

const plain = { trackOpens: true, trackClicks: true, brandColor: starterColor, starterColor }

function errorAt(field: TemplateField, line: number | null, message: string): TemplateFinding {
  return { level: 'error', message, field, line }
}
