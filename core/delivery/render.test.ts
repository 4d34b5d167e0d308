import { simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { compilePlan, fillPlan, type PlanOptions, type Recipient, type TemplateSource } from './plan.ts'
import { checkTemplate } from './check.ts'
import { findUnbalancedTag } from './mjml-tags.ts'
import { formatHeaders, formatMailbox } from './headers.ts'
import { encodePiece } from './qp.ts'
import { measureSms, plainSms } from './sms-segments.ts'
import { compileTemplate, safeUrl } from './template.ts'

const options: PlanOptions = { trackOpens: true, trackClicks: true, brandColor: '#123456', starterColor: '#17553F' }
const from = { name: 'Köln & Söhne, Wines', email: 'hello@shop.test', replyTo: null, shopName: 'Corner Cellars' }
const store = {
  name: 'Corner {{ Cellars',
  legal_name: 'Corner Cellars LLC',
  address: '12 Main',
  city: 'Albany',
  state: 'NY',
  zip: '12207',
  licence_number: 'NY-1',
  phone: null,
  url: 'https://shop.test/',
}
const sendId = '01980000-0000-7000-8000-000000000001'
const links = {
  unsubscribe: 'https://x.test/u/tok',
  preferences: 'https://x.test/p/tok',
  open: 'https://x.test/t/o/tok.gif',
  l0: 'https://x.test/t/c/tok0',
  l1: 'https://x.test/t/c/tok1',
}
const template = (over: Partial<TemplateSource> = {}): TemplateSource => ({
  id: '01980000-0000-7000-8000-00000000000a',
  key: 'win_back',
  version: 1,
  channel: 'email',
  subject_template: 'Hi {{ first_name }}',
  preheader_template: 'For {{ first_name }}',
  body_html_template: `<html><head><style>@media { a { color: red } }</style></head><body><p>Hi {{ first_name }},</p>
.dot at the start and a very long line ${'long '.repeat(300)}
{%- for p in products -%}<p>{{ p.name }} – {{ p.price }}</p>{%- endfor -%}
<a href="{{ store.url }}?a=1&amp;b=2">shop</a> <a href="https://news.test/x">news</a> <a href="{{ site | safe_url }}">own</a>{% raw %}{{ kept }}{% endraw %}</body></html>`,
  body_text_template: 'Hi {{ first_name }}\n.dot\n{% for p in products %}- {{ p.name }}\n{% endfor %}trailing \nend',
  ...over,
})
const to = (over: Partial<Recipient> = {}): Recipient => ({
  sendId,
  campaignId: null,
  address: 'a@b.test',
  variables: { first_name: 'Zoë', products: [{ name: 'Château “X” 😀', price: '$9' }] },
  store,
  links,
  ...over,
})
const fill = (over: Partial<Recipient> = {}, source = template()) =>
  fillPlan(compilePlan(source, options), to(over), from, new Date(0))
/** as the receiver's server hands it on, read by an independent parser */
const parse = (mime: string) => simpleParser(Buffer.from(mime, 'latin1'))

test('the MIME message says the same as the readable bodies', async () => {
  const message = fill()
  const parsed = await parse(message.mime())
  const squeeze = (s: string): string => s.replace(/\r\n/g, '\n').trim()
  expect(squeeze(String(parsed.html))).toBe(squeeze(message.html()!))
  expect(squeeze(parsed.text!)).toBe(squeeze(message.text()))
  expect(parsed.subject).toBe('Hi Zoë')
  expect(parsed.messageId).toBe(`<${sendId}@shop.test>`)
  expect(parsed.from?.value[0]).toMatchObject({ address: 'hello@shop.test', name: 'Köln & Söhne, Wines' })
  expect(
    message
      .mime()
      .split('\r\n')
      .every((line) => line.length <= 78 || /^(List-|Message-ID|From|Content-Type)/.test(line)),
  ).toBe(true)
  expect(/^[\x00-\x7f]*$/.test(message.mime())).toBe(true)
  expect(message.html()).toContain('{{ kept }}')
})

test('every e-mail carries both unsubscribe headers, the footer, the pixel and counted links', async () => {
  const message = fill()
  const parsed = await parse(message.mime())
  const raw = message.mime().replace(/\r\n /g, ' ')
  expect(raw).toContain('List-Unsubscribe: <https://x.test/u/tok>\r\n')
  expect(raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n')
  expect(raw).toContain(`X-Send-Id: ${sendId}`)
  for (const body of [String(parsed.html), parsed.text!]) {
    expect(body).toContain('Corner Cellars LLC, 12 Main, Albany, NY 12207')
    expect(body).toMatch(/21\+ (·|&middot;) please drink responsibly/)
    expect(body).toContain('Licence NY-1')
    expect(body).toContain('https://x.test/u/tok')
    expect(body).toContain('https://x.test/p/tok')
  }
  const hrefs = [...String(parsed.html).matchAll(/href="([^"]*)"/g)].map((m) => m[1])
  expect(hrefs).toEqual([links.l0, links.l1, '#', links.unsubscribe, links.preferences])
  expect(String(parsed.html)).toContain('https://x.test/t/o/tok.gif')
})

test('with tracking off nothing is counted', () => {
  const plan = compilePlan(template(), { ...options, trackOpens: false, trackClicks: false })
  const html = fillPlan(plan, to(), from, new Date(0)).html()!
  expect(html).not.toContain('/t/')
  expect(html).toContain('href="https://shop.test/?a=1&amp;b=2"')
})

test('text of a customer stays text, in HTML, in MIME and in the subject', async () => {
  const message = fill({
    variables: { first_name: '{{ store.zip }}<b>"x" {% if %}\r\nBcc: evil@x.test', products: [] },
  })
  expect(message.html()).toContain('{{ store.zip }}&#60;b&#62;')
  expect(message.subject).toBe('Hi {{ store.zip }}<b>"x" {% if %} Bcc: evil@x.test')
  const parsed = await parse(message.mime())
  expect(parsed.bcc).toBeUndefined()
  expect(message.html()).toContain('Corner {{ Cellars')
})

test('an address or a name that would break out of its header is refused', () => {
  expect(() => fill({ address: 'a@b.test\r\nBcc: x@y.test' })).toThrow(/mailbox/)
  expect(() => fill({ address: 'a@b.test, c@d.test' })).toThrow(/mailbox/)
  expect(() => formatHeaders([['X-A', 'b\r\nC: d']])).toThrow(/line break/)
  expect(() => formatMailbox('a\r\nb', 'a@b.test')).toThrow(/line break/)
  expect(formatMailbox('Smith, "Bob"', 'a@b.test')).toBe('"Smith, \\"Bob\\"" <a@b.test>')
})

test('values are escaped whatever the template asks for, and bombs are stopped', () => {
  expect(compileTemplate('{{ x | raw }}', 'html').render({ x: '<' })).toBe('&#60;')
  expect(compileTemplate('{{ x.constructor.name }}{{ x.__proto__ }}', 'html').render({ x: {} })).toBe('')
  expect(() => compileTemplate('{% include "x" %}', 'html')).toThrow(/include/)
  expect(() => compileTemplate('{% echo x %}', 'html')).toThrow(/echo/)
  expect(() => compileTemplate('{% for i in (1..100000000) %}x{% endfor %}', 'html').render({})).toThrow(
    /memory|limit/i,
  )
  expect(safeUrl('java\u0000script:alert(1)')).toBe('#')
  expect(safeUrl('https://a.test/x')).toBe('https://a.test/x')
})

test('a template with faults is told so before it is saved', () => {
  const cases = { known: { variables: { first_name: 'A' }, store }, unknown: { variables: {}, store } }
  const faults = (over: Partial<TemplateSource>): string =>
    checkTemplate({ body_mjml_template: null, ...template(over) }, cases, options)
      .filter((f) => f.level === 'error')
      .map((f) => f.message)
      .join(' ')
  expect(faults({})).toBe('')
  expect(faults({ body_html_template: '<body><script>x</script></body>' })).toContain('Scripts')
  expect(faults({ body_html_template: '<body><a href={{ x }}>x</a></body>' })).toContain('quotes')
  expect(faults({ body_html_template: '<body><a href="{{ x }}">x</a></body>' })).toContain('safe_url')
  expect(faults({ body_html_template: `<body>${'x'.repeat(95_000)}</body>` })).toContain('KB')
  expect(faults({ body_text_template: ' ' })).toContain('plain text')
  expect(faults({ subject_template: '{% if first_name %}x{% endif %}' })).toContain('unknown customer')
  expect(faults({ body_html_template: '<body>{% if %}</body>' })).not.toBe('')
})

test('quoted-printable survives any text', async () => {
  const samples = [
    '',
    'a',
    'ü'.repeat(200),
    ' \n \t\n.',
    'x'.repeat(2000),
    `${'=\u{1F600}'.repeat(60)}\r\n.\r\nfoo `,
    '\ud800 lone',
    '.'.repeat(300),
  ]
  for (const sample of samples) {
    const encoded = encodePiece(sample)
    expect(encoded.split('\r\n').every((line) => line.length <= 76 && !line.startsWith('.'))).toBe(true)
    const parsed = await parse(
      `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${encoded}`,
    )
    expect((parsed.text ?? '').replace(/\n$/, '')).toBe(sample.toWellFormed().replace(/\r\n/g, '\n').replace(/\n$/, ''))
  }
})

test('a text is measured as the phone network counts it', () => {
  const a = (n: number): string => 'a'.repeat(n)
  const vectors: [string, 'GSM-7' | 'UCS-2', number][] = [
    [a(160), 'GSM-7', 1],
    [a(161), 'GSM-7', 2],
    [a(306), 'GSM-7', 2],
    [a(307), 'GSM-7', 3],
    [a(459), 'GSM-7', 3],
    [a(460), 'GSM-7', 4],
    ['€'.repeat(80), 'GSM-7', 1],
    ['€'.repeat(81), 'GSM-7', 2],
    [`${a(152)}€${a(152)}`, 'GSM-7', 3],
    ['é'.repeat(160), 'GSM-7', 1],
    ['Ç', 'GSM-7', 1],
    ['ç', 'UCS-2', 1],
    ['`', 'UCS-2', 1],
    ['\t\u00a0\u2014\u201c', 'UCS-2', 1],
    ['\f', 'GSM-7', 1],
    ['’'.repeat(70), 'UCS-2', 1],
    ['’'.repeat(71), 'UCS-2', 2],
    ['’'.repeat(134), 'UCS-2', 2],
    ['’'.repeat(135), 'UCS-2', 3],
    ['😀'.repeat(35), 'UCS-2', 1],
    ['😀'.repeat(36), 'UCS-2', 2],
    ['😀'.repeat(67), 'UCS-2', 3],
  ]
  for (const [text, encoding, segments] of vectors) expect(measureSms(text)).toMatchObject({ encoding, segments })
  expect(measureSms(plainSms('“Corner’s” – open…')).encoding).toBe('GSM-7')
})

test('a text names the shop first and the way out last', () => {
  const source = template({
    channel: 'sms',
    body_text_template: 'Hi {{ first_name }}, {{ offer.title }} until Sunday.',
    body_html_template: null,
    subject_template: null,
  })
  const message = fill(
    {
      address: '+15185550134',
      store: { ...store, name: 'Corner Cellars' },
      variables: { first_name: 'Dana', offer: { title: '$10 off' } },
    },
    source,
  )
  expect(message.text()).toBe('Corner Cellars: Hi Dana, $10 off until Sunday. 21+. Reply STOP to opt out')
  expect(measureSms(message.text()).segments).toBe(1)
})

test('a fault is told with its field and line; a misspelt value is a warning', () => {
  const cases = { known: { variables: { first_name: 'A', products: [] }, store }, unknown: { variables: {}, store } }
  const found = (over: object) => checkTemplate({ body_mjml_template: null, ...template(), ...over }, cases, options)
  expect(found({ body_mjml_template: '<mjml>\n\n{% if first_name %}\n</mjml>' })).toMatchObject([
    { level: 'error', field: 'body_mjml_template', line: 3, message: expect.stringContaining('not closed') },
  ])
  expect(found({ body_text_template: 'a\n{{ first_name | nofilter }}' })).toMatchObject([
    { level: 'error', field: 'body_text_template', line: 2 },
  ])
  expect(found({ body_text_template: 'a\n\n{{ frist_name }} {{ products[0].name }} {{ offer.titel }}' })).toMatchObject(
    [
      { level: 'warning', line: 3, message: expect.stringContaining('frist_name') },
      { level: 'warning', line: 3, message: expect.stringContaining('offer.titel') },
    ],
  )
  const bad = '<mj-text>\n<a href="{{ x }}">'
  expect(found({ body_mjml_template: bad, body_html_template: '<p><a href="{{ x }}">x</a>' })[1]).toMatchObject({
    level: 'error',
    line: 2,
  })
})

test('an MJML tag left open is found with its line', () => {
  expect(findUnbalancedTag('<mjml><mj-body><mj-image src="a>b" /><!-- <mj-text> --></mj-body></mjml>')).toBeNull()
  expect(findUnbalancedTag('<mjml>\n<mj-body>\n<mj-section>\n</mj-body></mjml>')).toMatchObject({ line: 3 })
  expect(findUnbalancedTag('<mjml>\n</mjml></mj-body>')).toMatchObject({ line: 2 })
})
