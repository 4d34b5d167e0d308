import { expect, test } from 'vitest'
import { noOffer } from '../planning/offer.ts'
import { defaultPolicy } from './policy.ts'
import { missingTexts, requiredTexts } from './required-text.ts'
import { checkOffer } from './rules.ts'
import { decisive } from './verdict.ts'

const store = {
  state: 'WA',
  name: 'Pine',
  legal_name: 'Pine Spirits LLC',
  licence_number: 'W-7',
  sells: ['spirits', 'wine', 'beer', 'other'] as const,
}

test('what the law wants said is asked for in the claim again: a message without it does not leave', () => {
  const verdicts = checkOffer({ ...noOffer, title: 'Picks' }, store, defaultPolicy())
  expect(requiredTexts([...verdicts, ...verdicts])).toEqual(['Pine Spirits LLC, licence W-7'])
  expect(missingTexts(verdicts, 'Ends Sunday. Pine Spirits LLC, licence W-7')).toEqual([])
  const [missing] = missingTexts(verdicts, '')
  expect(missing).toMatchObject({ outcome: 'deny', rule_id: 'us-wa-required-text', source: 'WAC 314-52-110(1)' })
  expect(missing!.cure).toBeTruthy()
  expect(decisive([...verdicts, missing!])?.rule_id).toBe('us-wa-required-text')
})
