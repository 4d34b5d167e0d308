import type { OutgoingMessage } from '#core/delivery/message.ts'

const sendId = '0192f0c1-2345-7abc-8def-0123456789ab'
const unsubscribe = 'https://shop.test/u/AwGS8MEjRXq8je8BI0VniasF3n1h2g3i4j5k6l7m'

/** A marketing mail as delivery makes it, with everything that could go wrong on the wire. */
export function mail(over: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const id = over.sendId ?? sendId
  const to = over.recipient ?? 'ann@example.com'
  const headers = [
    ['List-Unsubscribe', `<${unsubscribe}>`],
    ['List-Unsubscribe-Post', 'List-Unsubscribe=One-Click'],
    ['List-Id', 'Corner Cellars <offers.shop.test>'],
    ['Feedback-ID', 'none:new_arrivals:offers:liquoragent'],
    ['X-Send-Id', id],
  ] as const
  return {
    sendId: id,
    kind: 'email',
    messageId: `<${id}@shop.test>`,
    sender: 'hello@shop.test',
    senderName: 'Corner Cellars',
    recipient: to,
    subject: 'Rosé & rye: 10% off “today”',
    headers,
    replyTo: 'ask@shop.test',
    html: () => '<!doctype html><html><body><p>Rosé &amp; rye — 10&nbsp;%</p></body></html>',
    text: () => 'Rosé & rye — 10 %\n.leading dot\n',
    mime: () =>
      [
        'From: Corner Cellars <hello@shop.test>',
        `To: ${to}`,
        'Reply-To: ask@shop.test',
        'Subject: =?UTF-8?B?Um9zw6kgJiByeWU=?=',
        'Date: Wed, 25 Nov 2026 18:00:00 +0000',
        `Message-ID: <${id}@shop.test>`,
        ...headers.map(([n, v]) => `${n}: ${v}`),
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        'Content-Transfer-Encoding: quoted-printable',
        '',
        'Ros=C3=A9 & rye',
        '.leading dot   ',
        '',
        '',
      ].join('\r\n'),
    ...over,
  }
}

/** A text. */
export function text(over: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    sendId,
    kind: 'sms',
    messageId: `<${sendId}@shop.test>`,
    sender: '+15005550006',
    senderName: '',
    recipient: '+14155552671',
    subject: null,
    headers: [],
    html: () => null,
    text: () => "It's 10% off & more 😀 (Reply STOP)*~",
    mime: () => {
      throw new TypeError('A text has no MIME form.')
    },
    ...over,
  }
}

export const never = new AbortController().signal
