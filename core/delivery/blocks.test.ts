import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blocksText, htmlOfText, newBody, readBlocks, textOfHtml, writeBlocks, type Block } from './blocks.ts'

const typed = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', '*', '[', ']', '(', ')', '<', '>', '&', '"', '\n', '{', '}', '%', '|', 'é', ';'),
  maxLength: 40,
})
const block: fc.Arbitrary<Block> = fc.oneof(
  fc.record({ kind: fc.constant('text' as const), html: typed.map(htmlOfText), planned: fc.boolean() }),
  fc.record({
    kind: fc.constant('button' as const),
    label: fc.constantFrom('Go', 'See it'),
    href: fc.constantFrom('https://a.test/?x=1&y="2"', '{{ store.url }}'),
  }),
  fc.record({
    kind: fc.constant('image' as const),
    src: fc.webUrl(),
    alt: typed.map((t) => t.replaceAll('>', '')),
    href: fc.constantFrom('', 'https://a.test/'),
  }),
  fc.constant({ kind: 'offer' as const }),
  fc.constant({ kind: 'divider' as const }),
  fc.record({ kind: fc.constant('products' as const), title: fc.constantFrom('New this week', 'Yours') }),
)

test('reading and writing is the same text, whatever stands in the blocks', () => {
  fc.assert(
    fc.property(fc.array(block, { maxLength: 8 }), (blocks) => {
      const mjml = newBody(blocks)
      const read = readBlocks(mjml)
      // A block whose words look like the markup of another is code, never another block.
      expect(read && writeBlocks(read)).toBe(mjml)
    }),
    { numRuns: 500 },
  )
})

test('plain words come back as they were typed', () => {
  const text =
    'Hi {{ first_name }}, **two** bottles & *one* [shelf](https://a.test/x)\n5 < 6 {% if products.size > 0 %}yes{% endif %}'
  expect(htmlOfText(text)).toBe(
    'Hi {{ first_name }}, <b>two</b> bottles &amp; <i>one</i> <a href="https://a.test/x">shelf</a><br />5 &lt; 6 {% if products.size > 0 %}yes{% endif %}',
  )
  expect(textOfHtml(htmlOfText(text))).toBe(text)
  // Nothing that is typed becomes a tag or a script.
  expect(htmlOfText('<script>alert(1)</script> [x](javascript:alert(1))')).toBe(
    '&lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:alert(1))',
  )
  expect(textOfHtml('<div>x</div>')).toBeNull()
})

test('what is around the blocks is kept, and what is no block stays code', () => {
  const mjml = newBody([{ kind: 'text', html: 'A', planned: false }])
    .replace('#f4f1ea', '#000000')
    .replace('<mj-text>A', '<mj-spacer height="9px" /><mj-text align="right">x</mj-text><mj-text>A')
  const read = readBlocks(mjml)!
  expect(read.blocks.map((b) => b.kind)).toEqual(['code', 'code', 'text'])
  const moved = writeBlocks({ ...read, blocks: read.blocks.toReversed() })
  expect(moved).toContain('#000000')
  expect(readBlocks(moved)!.blocks.map((b) => b.kind)).toEqual(['text', 'code', 'code'])
})

test('a page of several columns, or with words between its elements, is not ours to take apart', () => {
  expect(readBlocks('<mjml><mj-body></mj-body></mjml>')).toBeNull()
  expect(
    readBlocks(newBody([]).replace('</mj-section>', '<mj-column></mj-column><mj-column></mj-column></mj-section>')),
  ).toBeNull()
  expect(
    readBlocks(newBody([{ kind: 'divider' }]).replace('<mj-divider', '{% if offer.title %}<mj-divider')),
  ).toBeNull()
})

test('the plain text says what the blocks say', () => {
  expect(
    blocksText([
      { kind: 'heading', html: 'Just in', planned: false },
      { kind: 'text', html: 'A <b>rye</b>, <a href="https://a.test">here</a>', planned: false },
      { kind: 'divider' },
      { kind: 'button', label: 'Look', href: '{{ store.url }}' },
      { kind: 'code', mjml: '<mj-spacer />' },
    ]),
  ).toBe('Just in\n\nA rye, here (https://a.test)\n\n---\n\nLook: {{ store.url }}')
})
