import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { OutgoingMessage } from '#core/delivery/message.ts'
import { startSmtpSink, type SinkFaults, type SmtpSink } from '#sim/smtp-sink.ts'
import type { Channel } from '../../ports/channel.ts'
import { createSmtp } from './smtp.ts'
import { createNet } from '../net.ts'

const net = createNet({ allowPrivate: true })

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((o) => o.close()))
})
const never = new AbortController().signal
const message = (id: string, to = 'a@b.test'): OutgoingMessage => ({
  sendId: id,
  kind: 'email',
  messageId: `<${id}@shop.test>`,
  sender: 'hello@shop.test',
  senderName: 'Shop',
  recipient: to,
  subject: 'x',
  headers: [],
  html: () => null,
  text: () => '',
  mime: () =>
    `From: hello@shop.test\r\nMessage-ID: <${id}@shop.test>\r\nX-Send-Id: ${id}\r\n\r\n.dot\r\n${'x'.repeat(40_000)}\r\n`,
})
const channelTo = (port: number, connections = 4): Channel => {
  const channel = createSmtp(
    {
      host: '127.0.0.1',
      port,
      secure: false,
      requireTls: false,
      user: null,
      pass: null,
      connections,
      connectTimeoutMs: 1000,
      replyTimeoutMs: 1000,
    },
    net,
  )
  open.push(channel)
  return channel
}
const against = async (faults: SinkFaults): Promise<{ sink: SmtpSink; channel: Channel }> => {
  const sink = await startSmtpSink({ faults, keep: true })
  open.push(sink)
  return { sink, channel: channelTo(sink.port) }
}

test('messages arrive whole over a few connections', async () => {
  const { sink, channel } = await against({})
  const outcomes = await Promise.all(Array.from({ length: 100 }, (_, i) => channel.send(message(`m${i}`), never)))
  expect(outcomes.every((o) => o.kind === 'accepted')).toBe(true)
  expect(sink.copies.size).toBe(100)
  expect(sink.connections).toBeLessThanOrEqual(4)
  expect(sink.messages[0]!.raw).toContain('\r\n.dot\r\n')
})

test('a refusal of the mailbox is final and closes the address; quota and policy do not', async () => {
  const reply: Record<string, string> = {
    'gone@b.test': '550 5.1.1 no such user',
    'full@b.test': '552 5.2.2 mailbox full',
    'bare@b.test': '550 no',
  }
  const { channel } = await against({
    rcptReply: (to) => reply[to] ?? null,
    dataReply: (to) => (to === 'policy@b.test' ? '554 5.7.1 no <someone@b.test>' : null),
  })
  expect(await channel.send(message('1', 'gone@b.test'), never)).toMatchObject({
    kind: 'rejected',
    code: '5.1.1',
    suppress: true,
  })
  expect(await channel.send(message('2', 'full@b.test'), never)).toMatchObject({
    kind: 'rejected',
    code: '5.2.2',
    suppress: false,
  })
  expect(await channel.send(message('3', 'bare@b.test'), never)).toMatchObject({
    kind: 'rejected',
    code: 'smtp.550',
    suppress: true,
  })
  const policy = await channel.send(message('4', 'policy@b.test'), never)
  expect(policy).toMatchObject({ kind: 'rejected', code: '5.7.1', suppress: false })
  expect(JSON.stringify(policy)).not.toContain('someone@b.test')
  expect(await channel.send(message('5'), never)).toMatchObject({ kind: 'accepted' })
})

test('a delay is a delay', async () => {
  const { channel } = await against({ rcptReply: () => '451 4.7.1 greylisted' })
  const outcome = await channel.send(message('1'), never)
  expect(outcome).toMatchObject({ kind: 'deferred', code: 'smtp.451' })
  expect(outcome).not.toHaveProperty('unreachable', true)
})

test('a cut before the body was asked for is known not to have been sent; after it nobody knows', async () => {
  const before = await against({ dropBeforeData: 1 })
  expect(await before.channel.send(message('1'), never)).toMatchObject({ kind: 'deferred', unreachable: true })
  expect(before.sink.accepted).toBe(0)
  const after = await against({ dropAfterData: 1 })
  expect(await after.channel.send(message('2'), never)).toMatchObject({ kind: 'unknown' })
  expect(after.sink.accepted).toBe(1)
  const connect = await against({ dropAtConnect: 1 })
  expect(await connect.channel.send(message('3'), never)).toMatchObject({ kind: 'deferred', unreachable: true })
})

test('no server, and a server that says nothing, cost no message', async () => {
  const refused = channelTo(1)
  expect(await refused.send(message('1'), never)).toMatchObject({ kind: 'deferred', unreachable: true })
  const mute = createServer(() => undefined)
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise((resolve) => mute.close(() => resolve())) })
  const channel = channelTo((mute.address() as AddressInfo).port)
  expect(await channel.send(message('2'), never)).toMatchObject({ kind: 'deferred', unreachable: true })
})

test('silence after the body is unknown, not failed', async () => {
  const sink = await startSmtpSink({ latencyMs: 5000 })
  open.push(sink)
  expect(await channelTo(sink.port).send(message('1'), never)).toMatchObject({ kind: 'unknown' })
})
