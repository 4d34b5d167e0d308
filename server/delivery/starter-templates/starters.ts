import type { TemplateInput } from '#contract/delivery.ts'
import { starterEmails } from './email.ts'
import { letterMjml, letterText } from './frame.ts'
import { starterTexts } from './sms.ts'

/** Every template the product comes with, as it would be typed in. */
export function starterTemplates(): TemplateInput[] {
  return [
    ...starterEmails.map((e) => ({
      key: e.key,
      name: e.name,
      channel: 'email' as const,
      category: e.category,
      subject_template: e.subject,
      preheader_template: e.preheader,
      body_mjml_template: letterMjml(e.letter),
      body_text_template: letterText(e.letter),
      is_active: true,
    })),
    ...starterTexts.map((t) => ({
      key: `${t.key}_sms`,
      name: `${t.name} (text)`,
      channel: 'sms' as const,
      category: t.category,
      subject_template: null,
      preheader_template: null,
      body_mjml_template: null,
      body_text_template: t.body,
      is_active: true,
    })),
  ]
}
