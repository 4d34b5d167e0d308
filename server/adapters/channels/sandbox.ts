import type { Pool } from 'pg'
import type { ChannelKind, OutgoingMessage } from '#core/delivery/message.ts'
import type { Channel, Fate, Outcome } from '../../ports/channel.ts'

type Row = ReturnType<typeof rowOf>

interface Waiting {
  row: Row
  resolve: (outcome: Outcome) => void
}

/**
 * Puts messages where the shop can look at them instead of sending them. The message id is unique there, so a repeat
 * is the same row; messages of one moment are written in one statement.
 */
export function createSandbox(pool: Pool, kind: ChannelKind): Channel {
  let waiting: Waiting[] = []
  let writing = false

  async function write(): Promise<void> {
    writing = true
    while (waiting.length > 0) {
      const batch = waiting.splice(0, 200)
      const outcomes = await store(batch.map((w) => w.row))
      batch.forEach((w, i) => w.resolve(outcomes[i] ?? { kind: 'unknown', detail: 'no outcome' }))
    }
    writing = false
  }

  async function store(rows: Row[]): Promise<Outcome[]> {
    try {
      await pool.query(
        `insert into sandbox_messages (send_id, message_id, channel, sender, recipient, subject, headers, body_html, body_text, for_admins)
         select g.send_id, g.message_id, g.channel, g.sender, g.recipient, g.subject, g.headers, g.body_html, g.body_text, g.for_admins
         from jsonb_to_recordset($1::jsonb) as g(send_id uuid, message_id text, channel text, sender text, recipient text,
           subject text, headers jsonb, body_html text, body_text text, for_admins boolean)
         on conflict (message_id) do nothing`,
        [JSON.stringify(rows)],
      )
      return rows.map((row) => ({ kind: 'accepted', providerMessageId: row.message_id, isDelivered: true }))
    } catch (error) {
      // The answer was lost, perhaps the row was not: the unique message id makes a repeat harmless.
      return rows.map(() => ({
        kind: 'deferred',
        code: 'database',
        detail: (error as { code?: string }).code ?? 'the sandbox could not be written',
        unreachable: true,
        retryAfterMs: 1000,
      }))
    }
  }

  return {
    name: 'sandbox',
    kind,
    async send(message) {
      // Built before it joins the others: one that cannot be built must not take them along.
      const row = rowOf(message)
      return new Promise((resolve) => {
        waiting.push({ row, resolve })
        if (!writing) {
          writing = true
          setImmediate(() => void write())
        }
      })
    },
    async lookUp(asked) {
      const { rows } = await pool.query<{ send_id: string }>(
        'select s.send_id from sandbox_messages as s where s.message_id = any($1::text[])',
        [asked.map((a) => a.messageId)],
      )
      const found = new Set(rows.map((r) => r.send_id))
      return new Map<string, Fate>(asked.map(({ sendId }) => [sendId, found.has(sendId) ? 'delivered' : 'absent']))
    },
    close: () => Promise.resolve(),
  }
}

function rowOf(m: OutgoingMessage) {
  return {
    send_id: m.sendId,
    message_id: m.messageId,
    channel: m.kind,
    sender: m.senderName ? `${m.senderName} <${m.sender}>` : m.sender,
    recipient: m.recipient,
    subject: m.subject,
    headers: Object.fromEntries(m.headers),
    body_html: m.html(),
    body_text: m.text(),
    for_admins: m.isConfidential === true,
  }
}
