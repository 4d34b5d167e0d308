import { Readable } from 'node:stream'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { OutgoingMessage } from '#core/delivery/message.ts'
import type { Channel, Outcome } from '../../ports/channel.ts'
import type { DkimSigner } from './dkim.ts'

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

interface SmtpError extends Error {
  code?: string
  syscall?: string
  responseCode?: number
  response?: string
  command?: string
}

interface Line {
  connection: SMTPConnection
  isBroken: boolean
  sent: number
  idleSince: number
}

// Servers limit how much one connection may carry; a fresh one costs little.
const messagesPerLine = 500
const idleMs = 20_000

/**
 * SMTP over nodemailer's connection with a pool of our own, because only so can we tell before from after: until the
 * server asked for the body nothing was sent; after that, silence means unknown.
 */
export function createSmtp(options: SmtpOptions): Channel {
  const idle: Line[] = []
  const open = new Set<Line>()
  const waiting: (() => void)[] = []
  let busy = 0
  let closed = false
  const reaper = setInterval(() => {
    while (idle[0] && Date.now() - idle[0].idleSince > idleMs) close(idle.shift()!)
  }, 5000).unref()

  function close(line: Line): void {
    open.delete(line)
    line.isBroken = true
    line.connection.quit()
    setTimeout(() => line.connection.close(), 2000).unref()
  }

  function connect(): Promise<Line> {
    return new Promise((resolve, reject) => {
      const connection = new SMTPConnection({
        host: options.host,
        port: options.port,
        secure: options.secure,
        requireTLS: options.requireTls && !options.secure,
        opportunisticTLS: !options.requireTls,
        connectionTimeout: options.connectTimeoutMs ?? 10_000,
        greetingTimeout: options.connectTimeoutMs ?? 10_000,
        dnsTimeout: options.connectTimeoutMs ?? 10_000,
        socketTimeout: options.replyTimeoutMs ?? 60_000,
        // A loopback relay presents no certificate that anybody could check.
        tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !['localhost', '127.0.0.1', '::1'].includes(options.host) },
      })
      const line: Line = { connection, isBroken: false, sent: 0, idleSince: 0 }
      const fail = (error: Error): void => {
        line.isBroken = true
        open.delete(line)
        // First: closing ends the connection, which would be told as the reason.
        reject(error)
        connection.close()
      }
      connection.on('error', fail)
      connection.on('end', () => {
        line.isBroken = true
        open.delete(line)
        reject(new Error('The server closed the connection before it was ready.'))
      })
      connection.connect((error?: Error | null) => {
        if (error) return fail(error)
        open.add(line)
        if (!options.user) return resolve(line)
        connection.login({ user: options.user, pass: options.pass ?? '' }, (refused?: Error | null) =>
          refused ? fail(refused) : resolve(line),
        )
      })
    })
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
    const raw = Buffer.from(options.dkim ? options.dkim(mime, new Date()) : mime, 'latin1')
    const from = options.returnPath?.(message.sendId) ?? message.sender
    let line = idle.pop()
    while (line?.isBroken) line = idle.pop()
    if (line) {
      const outcome = await hand(line, from, message.recipient, raw)
      // A server may have had enough of a connection, or timed it out, while it waited here; nothing was sent.
      const isStale = outcome.kind === 'deferred' && (outcome.unreachable || outcome.code === 'smtp.421')
      if (!isStale) return outcome
    }
    try {
      line = await connect()
    } catch (error) {
      return beforeBody(error as SmtpError)
    }
    return hand(line, from, message.recipient, raw)
  }

  async function hand(line: Line, from: string, recipient: string, raw: Buffer): Promise<Outcome> {
    let bodyAsked = false
    // nodemailer reads the stream only once the server answered DATA with 354.
    const body = new Readable({
      read() {
        bodyAsked = true
        this.push(raw)
        this.push(null)
      },
    })
    const outcome = await new Promise<Outcome>((resolve) => {
      line.connection.send({ from, to: [recipient], size: raw.length }, body, (error, info) => {
        if (!error) return resolve({ kind: 'accepted', providerMessageId: info?.serverMessageId ?? null })
        const known = error as SmtpError
        resolve(
          bodyAsked && !known.responseCode
            ? {
                kind: 'unknown',
                detail: `the connection ended while the message was on its way (${known.code ?? 'no reply'})`,
              }
            : beforeBody(known),
        )
      })
    })
    line.sent += 1
    if (outcome.kind !== 'accepted' || line.sent >= messagesPerLine || closed) close(line)
    else if (!line.isBroken) {
      line.idleSince = Date.now()
      idle.push(line)
    }
    return outcome
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

// Nothing of the message had left, or the server answered: the outcome is certain.
function beforeBody(error: SmtpError): Outcome {
  const reply = error.responseCode
  const detail = (error.response ?? error.message).replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '<email>').slice(0, 300)
  if (reply && reply >= 500) {
    const enhanced = /\b5\.\d{1,3}\.\d{1,3}\b/.exec(error.response ?? '')?.[0]
    // A refused login or connection is our set-up, not the message's fault: it must not use up its chances.
    if (error.code === 'EAUTH' || !error.command || /^(CONN|EHLO|HELO|STARTTLS|AUTH)/.test(error.command)) {
      return { kind: 'deferred', code: `smtp.${reply}`, detail, unreachable: true, retryAfterMs: 30_000 }
    }
    return {
      kind: 'rejected',
      code: enhanced ?? `smtp.${reply}`,
      detail,
      suppress: isDeadAddress(reply, enhanced, error.command),
    }
  }
  if (reply) return { kind: 'deferred', code: `smtp.${reply}`, detail }
  // The server told its limit beforehand, so the message was not even offered.
  if (error.code === 'EMESSAGE' && /size/i.test(error.message)) return { kind: 'rejected', code: 'smtp.size', detail }
  return {
    kind: 'deferred',
    code: error.syscall ? `${error.syscall}.${error.code ?? ''}` : (error.code ?? 'connection'),
    detail,
    unreachable: true,
  }
}

// Enhanced codes that speak of the mailbox itself (RFC 3463); quota and policy refusals are not the end of an address.
function isDeadAddress(reply: number, enhanced: string | undefined, command: string): boolean {
  if (enhanced) return ['5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1'].includes(enhanced)
  return command === 'RCPT TO' && (reply === 550 || reply === 551)
}
