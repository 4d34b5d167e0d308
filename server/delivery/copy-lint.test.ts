import { expect, test } from 'vitest'
import { checkContent } from './check-template.ts'
import { starterTemplates } from './starter-templates/starters.ts'

test('words that advertising codes forbid are pointed out in a template, with field and line, and do not stop it', async () => {
  const { problems } = await checkContent({
    channel: 'sms',
    subject_template: null,
    preheader_template: null,
    body_mjml_template: null,
    body_text_template: 'Hello {{ first_name }}\nBottomless drinks, FREE for kids {{ offer.title }}',
  })
  const copy = problems.filter((p) => p.line === 2)
  expect(copy.map((p) => p.level)).toEqual(copy.map(() => 'warning'))
  expect(copy.map((p) => p.message).join(' ')).toMatch(/under 21.*too much|too much.*under 21/)
  expect(problems.every((p) => p.level === 'warning')).toBe(true)
})

test('the starters say nothing that they should not', async () => {
  for (const { channel, ...starter } of starterTemplates()) {
    const { problems } = await checkContent({ channel, ...starter })
    expect(problems, starter.key).toEqual([])
  }
}, 60_000)
