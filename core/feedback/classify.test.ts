import { expect, test } from 'vitest'
import { classifyHit, type Hit } from './classify.ts'

const sentAt = new Date('2026-11-20T18:00:00Z')
const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
const click = (change: Partial<Hit>): boolean | null =>
  classifyHit({
    kind: 'click',
    method: 'GET',
    userAgent: phone,
    at: new Date(sentAt.getTime() + 60_000),
    sentAt,
    otherLinksJustNow: 0,
    ...change,
  }).machine

test('a phone a minute after sending is a person', () => expect(click({})).toBe(false))
test('HEAD never counts', () => expect(click({ method: 'HEAD' })).toBe(true))
test('a click in the first five seconds is a scanner; at five seconds it may be a person', () => {
  expect(click({ at: new Date(sentAt.getTime() + 4_999) })).toBe(true)
  expect(click({ at: new Date(sentAt.getTime() + 5_000) })).toBe(false)
  expect(click({ sentAt: null })).toBe(true)
})
test('two links within two seconds are software', () => expect(click({ otherLinksJustNow: 1 })).toBe(true))
test.each([
  ['Mozilla/5.0', true],
  ['BarracudaCentral/2.0', true],
  ['Mozilla/5.0 (compatible; Proofpoint URL Defense)', true],
  ['Mozilla/5.0 (Windows NT 10.0) SafeLinks', true],
  ['Mimecast-Attachment-Scanner', true],
  ['Googlebot/2.1 (+http://www.google.com/bot.html)', true],
  ['curl/8.5.0', true],
  ['Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)', null],
  ['', null],
  [null, null],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36',
    false,
  ],
  ['CUBOT_X19 Mozilla/5.0 (Linux; Android 9) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36', false],
])('user agent %s: machine %s', (userAgent, machine) => expect(click({ userAgent })).toBe(machine))
