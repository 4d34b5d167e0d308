import { createHash } from 'node:crypto'
import { readMail, type BounceMail } from '#core/feedback/bounces/read-mail.ts'
import type { Config } from '../config.ts'
import { verifyToken } from '../tokens.ts'
import { readReturnPath } from '../verp.ts'
import type { HookItem } from './hooks/hook.ts'

export interface TakenApart {
  kind: BounceMail['kind']
  items: HookItem[]
  /** false: nothing in it proves that it is about a message of ours, so nothing follows from it */
  isProven: boolean
}

/**
 * Takes a bounce mail apart. It counts only with a proof: our return path with its MAC among the addresses it was sent to,
 * or a signed opt-out link in the copy of our message. Anybody could write the rest, to get an address closed.
 */
export function takeApart(
  config: Pick<Config, 'secret'>,
  raw: string,
  receivedAt: Date,
  envelopeRecipient: string | null = null,
): TakenApart {
  const mail = readMail(raw)
  const sendId = provenSend(config.secret, mail, envelopeRecipient)
  if (!sendId) return { kind: mail.kind, items: [], isProven: false }
  const base = { send_id: sendId, received_at: receivedAt.toISOString(), mail: raw.slice(0, 16_384) }
  const facts =
    mail.kind === 'feedback_report'
      ? mail.feedbackType === 'not-spam' || mail.feedbackType === 'auth-failure'
        ? []
        : [
            {
              action: mail.feedbackType === 'opt-out' ? 'opt-out' : 'complaint',
              status: mail.feedbackType,
              diagnostic: null,
            },
          ]
      : mail.recipients.filter((r) => ['failed', 'delayed', 'delivered'].includes(r.action))
  return {
    kind: mail.kind,
    isProven: true,
    items: facts.map((f) => ({
      // The same report read twice is one; a delay, and the failure after it, are two.
      key: createHash('sha256').update(`${sendId} ${f.action} ${f.status} ${f.diagnostic}`).digest('hex'),
      body: { ...base, ...f },
    })),
  }
}

function provenSend(secret: string, mail: BounceMail, envelopeRecipient: string | null): string | null {
  const original = mail.originalHeaders
  for (const address of [envelopeRecipient ?? '', ...mail.sentTo, original.get('return-path') ?? '']) {
    const sendId = readReturnPath(secret, address)
    if (sendId) return sendId
  }
  const token = /\/u\/([A-Za-z0-9_-]{44})[>?]/.exec(original.get('list-unsubscribe') ?? '')?.[1]
  return token ? (verifyToken(secret, 'unsubscribe', token)?.sendId ?? null) : null
}
