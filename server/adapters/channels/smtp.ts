import type { OutgoingMessage } from '#core/delivery/message.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import type { DkimSigner } from './dkim.ts'
import type { Net } from '../net.ts'
import { openLine, type LineOptions, type SmtpFailure, type SmtpLine, type SmtpReply } from './smtp-line.ts'

export interface SmtpOptions {
  /** key of the provider; default smtp */
  name?: string
  host: string
  port: number
  secure: boolean
  requireTls: boolean
  user: string | null
  pass: string | null
  /** connections kept open */
  connections: number
  /** adds a signature in front of the message */
  dkim?: DkimSigner | null
  /** where reports about this message come back to; default: the sender */
  returnPath?: ((sendId: string) => string) | null
  connectTimeoutMs?: number
  replyTimeoutMs?: number
}

interface Line {
  talk: SmtpLine
  sent: number
  idleSince: number
}

interface Handed {
  outcome: Outcome
  /** the server had enough of this connection, not of the message */
  isLineOver: boolean
}

// Servers limit how much one connection may carry; a fresh one costs little.
const messagesPerLine = 500
const idleMs = 20_000

/**
 * SMTP over a pool of our own connections, because only so can we tell before from after: until the server asked for the
 * body nothing was sent; after that, silence means unknown.
 */
export function createSmtp(options: SmtpOptions, net: Net): Channel {
  const idle: Line[] = []
  const open = new Set<Line>()
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false
  const reaper = setInterval(() => {
    while (idle[0] && Date.now() - idle[0].idleSince > idleMs) close(idle.shift()!)
  }, 5000).unref()

  const lineOptions: LineOptions = {
    ...options,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    replyTimeoutMs: options.replyTimeoutMs ?? 60_000,
  }

  function close(line: Line): void {
    open.delete(line)
    line.talk.quit()
  }

  async function connect(): Promise<Line> {
    const line: Line = { talk: await openLine(lineOptions, net), sent: 0, idleSince: 0 }
    open.add(line)
    return line
  }

  async function turn(signal: AbortSignal): Promise<void> {
    if (busy >= options.connections) {
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    busy += 1
    if (closed || signal.aborted) {
      leave()
      throw new Error('The channel is closing.')
    }
  }

  function leave(): void {
    busy -= 1
    waiting.shift()?.()
  }

  async function deliver(message: OutgoingMessage): Promise<Outcome> {
    const mime = message.mime()
    const raw = options.dkim ? options.dkim(mime, new Date()) : mime
    const from = options.returnPath?.(message.sendId) ?? message.sender
    const waiting = takeIdle()
    if (waiting) {
      const { outcome, isLineOver } = await hand(waiting, from, message.recipient, raw)
      // A server may have had enough of a connection, or timed it out, while it waited here; nothing was sent.
      const isStale = outcome.kind === 'deferred' && (outcome.unreachable || outcome.code === 'smtp.421' || isLineOver)
      if (!isStale) return outcome
    }
    try {
      return (await hand(await connect(), from, message.recipient, raw)).outcome
    } catch (error) {
      return notSent(error as SmtpFailure)
    }
  }

  function takeIdle(): Line | undefined {
    for (let line = idle.pop(); line; line = idle.pop()) {
      if (line.talk.isOpen) return line
      open.delete(line)
    }
    return undefined
  }

  async function hand(line: Line, from: string, recipient: string, raw: string): Promise<Handed> {
    let bodyLeft = false
    let outcome: Outcome
    let isLineOver = false
    try {
      const { reply, isAccepted } = await line.talk.send(from, recipient, raw, () => {
        bodyLeft = true
      })
      outcome = isAccepted ? { kind: 'accepted', providerMessageId: reply.text.slice(0, 300) } : refusal(reply)
      // OpenSMTPD answers 452 to the 101st MAIL of a connection, and to each one after it: that is about the connection.
      isLineOver = reply.command === 'MAIL FROM' && reply.code >= 400 && reply.code < 500 && line.sent > 0
    } catch (error) {
      const { code } = error as SmtpFailure
      outcome = bodyLeft
        ? {
            kind: 'unknown',
            detail: `the connection ended while the message was on its way (${code ?? 'no reply'})`,
          }
        : notSent(error as SmtpFailure)
    }
    line.sent += 1
    if (!line.talk.isOpen || line.sent >= messagesPerLine || isLineOver || closed) close(line)
    else {
      line.idleSince = Date.now()
      idle.push(line)
    }
    return { outcome, isLineOver }
  }

  return {
    name: options.name ?? 'smtp',
    kind: 'email',
    async send(message, signal) {
      try {
        await turn(signal)
      } catch (error) {
        return {
          kind: 'deferred',
          code: 'closing',
          detail: (error as Error).message,
          unreachable: true,
          retryAfterMs: 0,
        }
      }
      try {
        return await deliver(message)
      } finally {
        leave()
      }
    },
    close() {
      closed = true
      clearInterval(reaper)
      for (const line of open) close(line)
      return Promise.resolve()
    },
  }
}

// Nothing of the message had left: no server, or a set-up that it refuses. That is no fault of the message.
function notSent(error: SmtpFailure): Outcome {
  if (error.reply)
    return {
      kind: 'deferred',
      code: `smtp.${error.reply.code}`,
      detail: withoutAddresses(error.reply.text),
      unreachable: true,
      ...(error.reply.code >= 500 ? { retryAfterMs: 30_000 } : {}),
    }
  return {
    kind: 'deferred',
    code: error.code ?? 'connection',
    detail: withoutAddresses(error.message),
    unreachable: true,
  }
}

// The server answered, so the outcome is certain.
function refusal({ code, text, command }: SmtpReply): Outcome {
  const detail = withoutAddresses(text)
  if (code < 500) return { kind: 'deferred', code: `smtp.${code}`, detail }
  if (command === 'SIZE') return { kind: 'rejected', code: 'smtp.size', detail }
  const enhanced = /\b5\.\d{1,3}\.\d{1,3}\b/.exec(text)?.[0]
  return {
    kind: 'rejected',
    code: enhanced ?? `smtp.${code}`,
    detail,
    suppress: isDeadAddress(code, enhanced, command),
  }
}

const withoutAddresses = (text: string): string =>
  text.replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '<email>').slice(0, 300)

// Enhanced codes that speak of the mailbox itself (RFC 3463); quota and policy refusals are not the end of an address.
function isDeadAddress(reply: number, enhanced: string | undefined, command: string): boolean {
  if (enhanced) return ['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1'].includes(enhanced)
  return command === 'RCPT TO' && (reply === 550 || reply === 551)
}
