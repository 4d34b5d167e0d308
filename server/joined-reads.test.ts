import { expect, test } from 'vitest'
import { createJoinedReads, isShared } from './joined-reads.ts'

interface Started {
  key: string
  done: (value: string) => void
  fail: (error: Error) => void
}

function slowReads(width: number) {
  const reads = createJoinedReads<string>(width)
  const started: Started[] = []
  const ask = (key: string): Promise<string> =>
    reads.read(key, () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      started.push({ key, done: resolve, fail: reject })
      return promise
    })
  return { ask, started, keys: () => started.map((s) => s.key) }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('the same question is asked once while it waits, and never joined to one that has begun', async () => {
  const { ask, started, keys } = slowReads(1)
  const begun = ask('a')
  const waiting = [ask('a'), ask('b'), ask('a')]
  expect(keys()).toEqual(['a'])
  started[0]!.done('before')
  expect(await begun).toBe('before')
  await settled()
  expect(keys()).toEqual(['a', 'a'])
  const late = ask('a')
  started[1]!.done('after')
  expect(await waiting[0]).toBe('after')
  expect(await waiting[2]).toBe('after')
  await settled()
  started[2]!.done('b')
  await settled()
  started[3]!.done('later still')
  expect([await waiting[1], await late]).toEqual(['b', 'later still'])
  expect(keys()).toEqual(['a', 'a', 'b', 'a'])
})

test('a read that fails frees its place and fails only those who asked for it', async () => {
  const { ask, started } = slowReads(2)
  const [first, second, third] = [ask('a'), ask('b'), ask('c')]
  started[0]!.fail(new Error('gone'))
  await expect(first).rejects.toThrow('gone')
  await settled()
  started[2]!.fail(new Error('gone too'))
  await expect(third).rejects.toThrow('gone too')
  started[1]!.done('b')
  expect(await second).toBe('b')
  const again = ask('a')
  await settled()
  started[3]!.done('a')
  expect(await again).toBe('a')
})

test('a read that throws at once frees its place too', async () => {
  const reads = createJoinedReads<string>(1)
  await expect(
    reads.read('a', () => {
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(await reads.read('a', () => Promise.resolve('yes'))).toBe('yes')
})

test('an answer counts as shared only when several were given the very same one', async () => {
  const reads = createJoinedReads<{ n: number }>(1)
  let n = 0
  const ask = (): Promise<{ n: number }> => reads.read('a', () => Promise.resolve({ n: n++ }))
  const [alone, first, second] = await Promise.all([ask(), ask(), ask()])
  expect(first).toBe(second)
  expect([isShared(alone), isShared(first), isShared({ n: 1 })]).toEqual([false, true, false])
})

test('the same question runs once at a time, and others pass it by', async () => {
  const { ask, started, keys } = slowReads(2)
  const answers = [ask('a'), ask('a'), ask('b'), ask('c')]
  expect(keys()).toEqual(['a', 'b'])
  started[1]!.done('b')
  await settled()
  expect(keys()).toEqual(['a', 'b', 'c'])
  started[0]!.done('first')
  await settled()
  expect(keys()).toEqual(['a', 'b', 'c', 'a'])
  started[2]!.done('c')
  started[3]!.done('second')
  expect(await Promise.all(answers)).toEqual(['first', 'second', 'b', 'c'])
})
