import { expect, test } from 'vitest'
import { compilePlan, fillPlan, type TemplateSource } from './plan.ts'

const template: TemplateSource = {
  id: '01900000-0000-7000-8000-000000000001',
  key: 'discovery',
  version: 1,
  channel: 'email',
  subject_template: 'Something new{% if first_name %}, {{ first_name }}{% endif %}',
  preheader_template: 'One step away.',
  body_html_template:
    '<html><body><h1>{% if copy.headline %}{{ copy.headline }}{% else %}Try this{% endif %}</h1></body></html>',
  body_text_template: '{% if copy.body %}{{ copy.body }}{% else %}Try this{% endif %}',
}
const options = { trackOpens: false, trackClicks: false, brandColor: '#17553F', starterColor: '#17553F' }
const store = {
  name: 'Oak', legal_name: 'Oak LLC', address: '1 Oak', city: 'Albany', state: 'NY', zip: '12207', licence_number: null, phone: null, url: 'https://oak.test',
} // prettier-ignore
const fill = (source: TemplateSource, variables: Record<string, unknown>) =>
  fillPlan(
    compilePlan(source, options),
    {
      sendId: '01900000-0000-7000-8000-000000000009',
      campaignId: null,
      address: 'a@example.com',
      variables: { first_name: 'Dana', ...variables },
      store,
      links: { unsubscribe: 'https://oak.test/u' },
    },
    { name: 'Oak', email: 'hello@oak.test', replyTo: null, shopName: 'Oak' },
    new Date('2026-11-25T12:00:00Z'),
  )
const copy = { subject: 'Five ryes we pour', preheader: 'From the counter.', headline: 'Ryes', body: 'Come and ask.' }

test('words a plan brings stand in place of the template’s, part by part', () => {
  const own = fill(template, {})
  expect(own.subject).toBe('Something new, Dana')
  expect(own.html()).toContain('One step away.')
  const planned = fill(template, { copy })
  expect(planned.subject).toBe('Five ryes we pour')
  expect(planned.html()).toContain('From the counter.')
  expect(planned.html()).not.toContain('One step away.')
  expect(planned.html()).toContain('<h1>Ryes</h1>')
  expect(planned.text()).toContain('Come and ask.')
  expect(planned.mime()).toBeTruthy()
  const part = fill(template, { copy: { preheader: copy.preheader } })
  expect(part.subject).toBe('Something new, Dana')
  expect(part.html()).toContain('<h1>Try this</h1>')
})

test('a template without a preheader shows one only when the plan brings it', () => {
  const bare = { ...template, preheader_template: null }
  expect(fill(bare, {}).html()).not.toContain('mso-hide')
  expect(fill(bare, { copy }).html()).toContain('From the counter.')
})

test('words of a plan are data: braces and markup in them stay text', () => {
  const hostile = {
    ...copy,
    subject: '{{ store.name }}\r\nBcc: x@example.com',
    headline: '<script>{% if 1 %}x{% endif %}</script>',
  }
  const message = fill(template, { copy: hostile })
  expect(message.subject).toBe('{{ store.name }} Bcc: x@example.com')
  expect(message.html()).toContain('&#60;script&#62;{% if 1 %}x{% endif %}&#60;/script&#62;')
})

test('a text keeps brand, age and STOP around the words of a plan', () => {
  const sms = fill(
    { ...template, channel: 'sms', body_text_template: 'Own words' },
    { copy: { ...copy, body: 'New rye is in.' } },
  )
  expect(sms.text()).toBe('Oak: New rye is in. 21+. Reply STOP to opt out')
})
