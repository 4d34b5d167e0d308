import { expect, test } from 'vitest'
import type { Ctx } from '../context.ts'
import { remember } from './remember.ts'

// Only its identity counts.
const ctx = {} as Ctx
const counter = () => {
  let n = 0
  return (): Promise<number> => new Promise((resolve) => setTimeout(() => resolve(++n), 5))
}
const askSlowly = async (key: string, compute: () => Promise<number>, times: number): Promise<number[]> => {
  const answers: number[] = []
  for (let i = 0; i < times; i++) answers.push(await remember(ctx, key, compute, { longestMs: 0 }))
  return answers
}

test('who asks alone sees live figures; when many ask in the same second, they share for a moment', async () => {
  const compute = counter()
  const answers = await askSlowly('busy', compute, 60)
  expect(answers.slice(0, 4)).toEqual([1, 2, 3, 4])
  expect(new Set(answers).size).toBeLessThan(10)
  // A moment later the old one is given while a new one is made, and after a second nobody is given it any more.
  const last = answers.at(-1)!
  await new Promise((resolve) => setTimeout(resolve, 350))
  expect(await remember(ctx, 'busy', compute, { longestMs: 0 })).toBe(last)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await remember(ctx, 'busy', compute, { longestMs: 0 })).toBe(last + 1)
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  expect(await remember(ctx, 'busy', compute, { longestMs: 0 })).toBe(last + 2)
})

test('all who ask at once wait for one computation, and a failure is nobody’s answer for long', async () => {
  const compute = counter()
  const answers = await Promise.all(Array.from({ length: 20 }, () => remember(ctx, 'at once', compute)))
  expect(answers).toEqual(Array.from({ length: 20 }, () => 1))
  const broken = remember(ctx, 'broken', () => Promise.reject(new Error('away')))
  await expect(broken).rejects.toThrow('away')
  expect(await remember(ctx, 'broken', compute)).toBe(2)
})
