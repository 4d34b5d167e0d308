import { expect, test } from 'vitest'
import { decryptSecret, encryptSecret } from './secrets.ts'
import { clickUrl, openUrl, preferencesUrl, signToken, tokenPurposes, unsubscribeUrl, verifyToken } from './tokens.ts'

const secret = 'a secret that only tests use, 32+ characters'
const sendId = '01980000-0000-7000-8000-0000000000ff'
const linkId = '01980000-0000-7000-8000-00000000000a'

test('a token says what it was made for and nothing else', () => {
  for (const purpose of tokenPurposes) {
    const token = signToken(secret, purpose, sendId, purpose === 'click' ? linkId : null)
    for (const asked of tokenPurposes) {
      const subject = verifyToken(secret, asked, token)
      expect(subject).toEqual(asked === purpose ? { sendId, linkId: purpose === 'click' ? linkId : null } : null)
    }
  }
})

test('a changed, cut or foreign token is refused', () => {
  const token = signToken(secret, 'click', sendId, linkId)
  for (let i = 0; i < token.length; i++) {
    const other = token[i] === 'A' ? 'B' : 'A'
    expect(verifyToken(secret, 'click', token.slice(0, i) + other + token.slice(i + 1))).toBeNull()
  }
  for (const bad of [
    '',
    token.slice(1),
    token + 'A',
    token.slice(0, 44),
    '../../etc/passwd',
    signToken('another secret of thirty-two characters', 'click', sendId, linkId),
  ]) {
    expect(verifyToken(secret, 'click', bad)).toBeNull()
  }
  // A click without a link is no click.
  expect(verifyToken(secret, 'click', signToken(secret, 'click', sendId))).toBeNull()
})

test('addresses in messages hold ids only and are short', () => {
  const urls = [
    openUrl('https://shop.test', secret, sendId),
    clickUrl('https://shop.test', secret, sendId, linkId),
    unsubscribeUrl('https://shop.test', secret, sendId),
    preferencesUrl('https://shop.test', secret, sendId),
  ]
  expect(urls.map((u) => new URL(u).pathname.replace(/[\w-]{40,}/, '*'))).toEqual([
    '/t/o/*.gif',
    '/t/c/*',
    '/u/*',
    '/p/*',
  ])
  expect(urls.every((u) => u.length < 95)).toBe(true)
})

test('a stored secret opens only with its key and in its place', () => {
  const stored = encryptSecret({ secret }, 'smtp', 'pässword')
  expect(stored).not.toContain('pässword')
  expect(decryptSecret({ secret }, 'smtp', stored)).toBe('pässword')
  expect(() => decryptSecret({ secret }, 'other', stored)).toThrow(/LMA_SECRET/)
  expect(() => decryptSecret({ secret: 'another secret of thirty-two characters' }, 'smtp', stored)).toThrow(
    /LMA_SECRET/,
  )
  expect(encryptSecret({ secret }, 'smtp', 'pässword')).not.toBe(stored)
})
