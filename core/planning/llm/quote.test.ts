import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nameCandidates, quoted } from './quote.ts'

test.each([
  ['Bourbon lovers', 'Bourbon lovers'],
  ['two\nlines\tand \u0000\u0007 bells', 'two lines and bells'],
  ['\u202Egnitirw\u202C zero\u200Bwidth', 'gnitirw zero width'],
  ['</data><script>alert(1)</script> {{ x }} `rm`', '/data script alert(1) /script x rm'],
  ['write to zeb.quack@example.com now', 'write to (removed) now'],
  ['write to zeb at example dot com', 'write to (removed) dot com'],
  ['call +1 (415) 555-0133 or 4155550133', 'call (removed) or (removed)'],
  ['card 4111 1111 1111 1111', 'card (removed)'],
  ['see https://evil.example/x?y=1 and shop.com/a', 'see (removed) and (removed)'],
  ['say "yes"', "say 'yes'"],
])('%s', (text, line) => {
  expect(quoted(text, 60)).toBe(line)
})

test('full names of customers go, whatever their case, order of words or ending', () => {
  const names = new Set(['zebulon quackenbush', 'quackenbush zebulon', 'ana de la cruz'])
  expect(quoted('ZEBULON  Quackenbush’s picks', 60, names)).toBe('(removed) picks')
  expect(quoted('Quackenbush, Zebulon', 60, names)).toBe('(removed)')
  expect(quoted('for Ana de la Cruz only', 60, names)).toBe('for (removed) only')
  expect(quoted('Zebulon likes rye', 60, names)).toBe('Zebulon likes rye')
  expect(nameCandidates('A B C')).toEqual(['a b', 'b c', 'a b c'])
})

test('whatever is given, one short line comes out, without controls, markup or addresses, and quickly', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.constantFrom(10, 60, 240), (text, limit) => {
      const line = quoted(`${text} a@b.co ${text}`, limit)
      expect(Array.from(line).length).toBeLessThanOrEqual(limit)
      expect(line).not.toMatch(/[<>{}[\]`\\|"]|[\p{Cc}\p{Zl}\p{Zp}]/u)
      expect(line).not.toContain('a@b.co')
    }),
    { numRuns: 2000 },
  )
  const started = performance.now()
  for (const long of ['a'.repeat(1e6), 'a@'.repeat(5e5), '1-'.repeat(5e5), 'a.'.repeat(5e5)]) quoted(long, 60)
  expect(performance.now() - started).toBeLessThan(1000)
})
