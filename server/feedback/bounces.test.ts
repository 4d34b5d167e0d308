import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readers } from '#core/feedback/reports/readers.ts'
import { readMail } from '#core/feedback/bounces/read-mail.ts'
import { classifyBounce } from '#core/feedback/bounces/classify.ts'
import { returnPath, readReturnPath } from '../verp.ts'
import { takeApart } from './bounces.ts'

const folder = path.join(import.meta.dirname, '../../test/fixtures/bounces')
const files = readdirSync(folder).filter((f) => f.endsWith('.eml'))
const config = { secret: 'a secret that only tests use, 32+ characters' }
const fixture = (name: string): string => readFileSync(path.join(folder, `${name}.eml`), 'latin1')
const id = (n: number): string => `0192f0c1-2345-7abc-8def-00000000000${n}`
const now = new Date('2026-11-26T12:00:00Z')
const read = (raw: string): unknown[] =>
  takeApart(config, raw, now).items.map((item) => {
    const r = readers.smtp(item.body)
    return r?.type === 'report' ? [r.sendId, r.kind, ...(r.kind === 'bounced' ? [r.hardness] : []), r.code] : r
  })

test.each([
  ['dead-failed', [[id(1), 'bounced', 'hard']]],
  ['full-failed', [[id(2), 'bounced', 'soft']]],
  ['bare-failed', [[id(3), 'bounced', 'hard']]],
  ['policy-failed', [[id(4), 'bounced', 'soft']]],
  ['later-delayed', [[id(5), 'deferred']]],
  ['later-failed', [[id(5), 'bounced', 'soft']]],
] as const)('genuine reports of Postfix, Exim and OpenSMTPD, %s', (name, expected) => {
  // OpenSMTPD keeps a message for hours before it reports a delay.
  const servers = name.startsWith('later') ? ['postfix', 'exim'] : ['postfix', 'exim', 'opensmtpd']
  for (const server of servers)
    expect(
      read(fixture(`${server}-${name}`)).map((r) => (r as unknown[]).slice(0, expected[0].length)),
      server,
    ).toEqual(expected)
})

test('a complaint, an old server’s plain words, and an answering machine', () => {
  expect(read(fixture('arf-abuse'))).toEqual([[id(1), 'complained', 'abuse']])
  expect(read(fixture('qmail-dead'))).toEqual([[id(1), 'bounced', 'hard', '5.1.1']])
  expect(readMail(fixture('out-of-office')).kind).toBe('auto_reply')
  expect(read(fixture('out-of-office'))).toEqual([])
})

test('without a token of ours nothing follows: anybody can write a bounce', () => {
  for (const file of files) {
    const raw = readFileSync(path.join(folder, file), 'latin1')
    const forged = raw
      .replace(/\+[a-z2-7]{42}@/g, '+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@')
      .replace(/\/u\/[\w-]{44}/g, `/u/${'A'.repeat(44)}`)
    expect(forged).not.toBe(raw)
    expect(takeApart(config, forged, now)).toMatchObject({ isProven: false, items: [] })
    expect(takeApart({ secret: 'another secret of thirty-two characters' }, raw, now).isProven).toBe(false)
  }
})

test('a changed letter of the return path is no return path; capitals are', () => {
  const address = returnPath(config.secret, 'bounces@shop.test', id(1))
  expect(address.split('@')[0]!.length).toBeLessThanOrEqual(64)
  expect(readReturnPath(config.secret, address)).toBe(id(1))
  expect(readReturnPath(config.secret, address.toUpperCase())).toBe(id(1))
  const [local, domain] = address.split('@') as [string, string]
  for (let i = 'bounces+'.length; i < local.length; i++) {
    const other = local[i] === 'a' ? 'b' : 'a'
    expect(readReturnPath(config.secret, `${local.slice(0, i)}${other}${local.slice(i + 1)}@${domain}`)).toBeNull()
  }
  fc.assert(
    fc.property(fc.uuid({ version: 7 }), (sendId) => {
      expect(readReturnPath(config.secret, returnPath(config.secret, 'b@x.test', sendId))).toBe(sendId)
    }),
  )
})

test('whatever comes, the reader neither throws nor hangs', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(
        fc.tuple(fc.nat(4000), fc.constantFrom('', '\r\n', '\r\n\r\n', '--', ';', '"', '\u0000', 'ÿ', 'boundary=')),
        {
          maxLength: 12,
        },
      ),
      (file, cuts) => {
        let raw = readFileSync(path.join(folder, file), 'latin1')
        for (const [at, text] of cuts) raw = raw.slice(0, at) + text + raw.slice(at + 3)
        expect(readMail(raw).kind).toMatch(/delivery_status|feedback_report|auto_reply|other/)
      },
    ),
    { numRuns: 300 },
  )
  const nested = Array.from(
    { length: 40 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  ).join('')
  expect(readMail(nested).kind).toBe('other')
})

test('the code decides, the server’s own before the relay’s; a quota is no dead address even as a 5xx', () => {
  expect(classifyBounce('5.0.0', '550 5.1.1 unknown')).toBe('hard')
  expect(classifyBounce('5.1.1', null)).toBe('hard')
  expect(classifyBounce('5.0.0', '550 no such user here')).toBe('hard')
  expect(classifyBounce('5.0.0', '550 Unrouteable address')).toBe('hard')
  expect(classifyBounce('5.2.2', '552 5.2.2 user is over quota, mailbox not found in time')).toBe('soft')
  expect(classifyBounce('5.7.1', '550 5.7.1 user unknown to our policy')).toBe('soft')
  expect(classifyBounce('5.0.0', '450 user unknown for now')).toBe('soft')
  expect(classifyBounce('4.4.7', null)).toBe('soft')
  expect(classifyBounce(null, null)).toBe('soft')
})
