/** The fields of a template that hold words, in the order they are read. */
export const templateFields = [
  'subject_template',
  'preheader_template',
  'body_mjml_template',
  'body_text_template',
] as const
export type TemplateField = (typeof templateFields)[number]
