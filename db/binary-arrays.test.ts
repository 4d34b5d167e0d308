import { expect, test } from 'vitest'
import { testContext } from '#test/context.ts'
import { byteaArray, floatArray, intArray, smallintArray, textArray, uuidArray } from './binary-arrays.ts'

test('arrays come to the server as what they are', async () => {
  const { pool } = await testContext()
  const ids = ['00000000-0000-7000-8000-0000000000aa', 'FFFFFFFF-ffff-4fff-bfff-ffffffffffff']
  const bytes = [Buffer.from([0, 1, 0x5c, 0x22, 255]), Buffer.alloc(0)]
  const texts = ['', null, 'NULL', 'ünï 😀 "{},\\', 'a']
  const { rows } = await pool.query(
    'select $1::uuid[] as ids, $2::int[] as ints, $3::smallint[] as smallints, $4::bytea[] as bytes, $5::uuid[] as none, cardinality($5) as n, ($1)[1] as one, $6::float8[] as floats, $7::text[] as texts, $8::uuid[] as gaps',
    [
      uuidArray(ids),
      intArray([-1, 2 ** 31 - 1]),
      smallintArray([0, -32_768]),
      byteaArray(bytes),
      uuidArray([]),
      floatArray([0.1, -1.8e15]),
      textArray(texts),
      uuidArray([null, ids[0]!, null]),
    ],
  )
  expect(rows).toEqual([
    {
      ids: ids.map((id) => id.toLowerCase()),
      ints: [-1, 2 ** 31 - 1],
      smallints: [0, -32_768],
      bytes,
      none: [],
      n: 0,
      one: ids[0],
      floats: [0.1, -1.8e15],
      texts,
      gaps: [null, ids[0], null],
    },
  ])
})

test('what does not fit is said, not bent', () => {
  for (const id of ['', 'abc', '00000000-0000-7000-8000-0000000000zz', '00000000-0000-7000-8000-0000000000aab'])
    expect(() => uuidArray([id])).toThrow(RangeError)
  expect(() => intArray([2 ** 31])).toThrow(RangeError)
  expect(() => smallintArray([32_768])).toThrow(RangeError)
})
