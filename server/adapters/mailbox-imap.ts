import { isIP } from 'node:net'
import { ImapFlow } from 'imapflow'
import { isLoopback } from '#core/delivery/providers/fields.ts'
import type { Mailboxes } from '../ports/mailbox.ts'
import { createNet, ForbiddenAddress, type Resolve } from './net.ts'

const mostAtOnce = 200
/** A bounce may carry our message back; more than this is not needed to read it. */
const mostBytes = 512 * 1024
const connectMs = 15_000

/** Mailboxes over IMAP: TLS from the start on port 993, else STARTTLS; without either only on this machine. */
export function createImapMailboxes(options: { resolve?: Resolve } = {}): Mailboxes {
  return {
    async readUnread(address, handle, signal) {
      const local = isLoopback(address.host)
      const dialled = await createNet({ ...options, allowPrivate: address.allowPrivate })
        .addressOf(address.host)
        .catch((error: unknown) => {
          throw new Error(`The mailbox at ${address.host} cannot be read: ${wordOf(error)}.`, { cause: error })
        })
      const client = new ImapFlow({
        // The address that was judged, so that a name cannot come to mean another one; its certificate is the name's.
        host: dialled,
        ...(isIP(address.host) ? {} : { servername: address.host }),
        port: address.port,
        secure: address.port === 993,
        ...(local || address.port === 993 ? {} : { doSTARTTLS: true }),
        auth: { user: address.user, pass: address.password },
        logger: false,
        connectionTimeout: connectMs,
        greetingTimeout: connectMs,
        socketTimeout: 60_000,
        tls: { minVersion: 'TLSv1.2', rejectUnauthorized: !local },
      })
      // It reports a lost connection here as well as at the call that is waiting.
      client.on('error', () => undefined)
      const stop = (): void => client.close()
      signal.addEventListener('abort', stop, { once: true })
      try {
        await client.connect()
        const lock = await client.getMailboxLock('INBOX')
        try {
          const found = (await client.search({ seen: false }, { uid: true })) || []
          let read = 0
          for (const uid of found.slice(0, mostAtOnce)) {
            if (signal.aborted) break
            const message = await client.fetchOne(
              String(uid),
              { uid: true, internalDate: true, source: { maxLength: mostBytes } },
              { uid: true },
            )
            if (!message || !message.source) continue
            const verdict = await handle(
              message.source.toString('latin1'),
              new Date(message.internalDate ?? Date.now()),
            )
            await client.messageFlagsAdd(String(uid), verdict === 'flag' ? ['\\Seen', '\\Flagged'] : ['\\Seen'], {
              uid: true,
            })
            read += 1
          }
          return read
        } finally {
          lock.release()
        }
      } catch (error) {
        throw new Error(`The mailbox at ${address.host} cannot be read: ${wordOf(error)}.`, { cause: error })
      } finally {
        signal.removeEventListener('abort', stop)
        await client.logout().catch(() => client.close())
      }
    },
  }
}

function wordOf(error: unknown): string {
  const e = error as { authenticationFailed?: boolean; code?: string; responseText?: string; message?: string }
  if (error instanceof ForbiddenAddress) return 'it is part of a private network'
  if (e.authenticationFailed) return 'it refused user and password'
  return e.code ?? e.responseText ?? e.message ?? 'no answer'
}
