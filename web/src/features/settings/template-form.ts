import type { ReplyOf } from '../../lib/api.ts'
import type { Template } from './templates-page.tsx'

export type TemplateWords = NonNullable<ReplyOf<'GET /api/v1/settings/templates/:id/versions'>['starter']>

/** What is typed: fields of a form are never null. */
export interface TemplateForm {
  name: string
  subject_template: string
  preheader_template: string
  body_mjml_template: string
  body_text_template: string
  is_active: boolean
}

/** The form as it stands for a stored template. */
export function formOf(template: Template): TemplateForm {
  return { name: template.name, is_active: template.is_active, ...wordsForForm(template) }
}

/** Stored words, as a form holds them. */
export function wordsForForm(words: TemplateWords): Omit<TemplateForm, 'name' | 'is_active'> {
  return {
    subject_template: words.subject_template ?? '',
    preheader_template: words.preheader_template ?? '',
    body_mjml_template: words.body_mjml_template ?? '',
    body_text_template: words.body_text_template,
  }
}

/** What is typed, as the server takes it: a text message has one field, an empty preview line is none. */
export function wordsOf(channel: Template['channel'], form: TemplateForm): TemplateWords {
  const isEmail = channel === 'email'
  return {
    subject_template: isEmail ? form.subject_template : null,
    preheader_template: isEmail ? form.preheader_template || null : null,
    body_mjml_template: isEmail ? form.body_mjml_template : null,
    body_text_template: form.body_text_template,
  }
}
