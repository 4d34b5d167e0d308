import { expect, test } from 'vitest'
import { agrees, vectors } from '../bench/experiments-vectors.ts'

test.each(vectors)('$name is $expected', (vector) => {
  expect(agrees(vector), `computed ${vector.actual}`).toBe(true)
})
