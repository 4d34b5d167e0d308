import fc from 'fast-check'
import { Liquid } from 'liquidjs'
import { expect, test } from 'vitest'
import { footerText } from './footer.ts'
import { straighten } from './straight.ts'
import { compileTemplate, renderByEngine, type TemplateMode } from './template.ts'

const path = fc.constantFrom(
  'first_name',
  'offer.title',
  'offer.missing.deeper',
  'products[0].name',
  'products[-1].name',
  'products.size',
  'products.first.name',
  'products.last.price',
  'offer.first',
  'p.name',
  'p',
  'offer["title"]',
  'first_name.size',
  'offer.size',
  'toString',
  'offer.constructor',
)
const condition = fc.oneof(
  path,
  fc
    .tuple(path, fc.constantFrom('==', '!=', '>', '<', '>=', '<='), fc.constantFrom('1', '0', '"gold"', '2.5'))
    .map((t) => t.join(' ')),
  // what only the engine does
  fc.constantFrom('first_name and offer.title', 'first_name contains "Z"', 'offer.title | size'),
)
const { source } = fc.letrec<{ source: string; node: string }>((tie) => ({
  source: fc.array(tie('node'), { maxLength: 5 }).map((nodes) => nodes.join('')),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('text', ' – ünï\n', '<b>&amp;</b>', '.dot', '='),
    path.map((p) => `{{ ${p} }}`),
    fc.tuple(condition, tie('source'), tie('source')).map(([t, a, b]) => `{% if ${t} %}${a}{% else %}${b}{% endif %}`),
    fc
      .tuple(condition, condition, tie('source'))
      .map(([t, u, a]) => `{% unless ${t} %}${a}{% elsif ${u} %}x{% endunless %}`),
    fc
      .tuple(path, tie('source'), tie('source'))
      .map(([p, a, b]) => `{% for p in ${p} %}${a}{% else %}${b}{% endfor %}`),
    fc.constantFrom(
      '{% assign p = offer %}',
      '{{ first_name | upcase }}',
      '{% raw %}{{ x }}{% endraw %}',
      '{{- first_name -}}',
    ),
  ),
}))

const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('gold', '', '<script>', "a'b"),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const product = fc.record({ name: scalar, price: scalar }, { requiredKeys: [] })
const variables = fc.record(
  {
    first_name: scalar,
    offer: fc.oneof(scalar, fc.record({ title: scalar, first: scalar, size: scalar }, { requiredKeys: [] })),
    products: fc.oneof(fc.array(product, { maxLength: 3 }), scalar, product),
    p: scalar,
  },
  { requiredKeys: [] },
)

function outcome(render: () => string): string {
  try {
    return render()
  } catch {
    return 'thrown'
  }
}

test('the quick way says what the engine says, in every mode', () => {
  fc.assert(
    fc.property(
      source,
      variables,
      fc.constantFrom<TemplateMode>('html', 'text', 'line', 'html-mime', 'text-mime'),
      (text, values, mode) => {
        const ours = outcome(() => compileTemplate(text, mode).render(values))
        expect(ours).toBe(outcome(() => renderByEngine(text, mode, values)))
      },
    ),
    { numRuns: 5_000 },
  )
})

test('what messages are made of is quick; the rest is left to the engine', () => {
  const engine = new Liquid({ outputEscape: String })
  const isQuick = (text: string): boolean => straighten(engine.parse(text), String) !== null
  expect(isQuick(footerText)).toBe(true)
  expect(isQuick('{% if products.size > 0 %}{% for p in products %}{{ p.name }}{% endfor %}{% endif %}')).toBe(true)
  expect(isQuick('{{ price | money }}')).toBe(false)
  expect(isQuick('{% for a in x %}{% for b in a %}{{ b }}{% endfor %}{% endfor %}')).toBe(false)
  expect(isQuick('{% for a in x %}{{ forloop.index }}{% endfor %}')).toBe(false)
})
