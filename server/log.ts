import { pino, type Logger } from 'pino'

export type Log = Logger

/**
 * Structured log on stderr, so that stdout stays for data. Errors are reduced to type, message and stack:
 * driver errors carry row values, and a row may be a customer.
 */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        err: (e: Error & { code?: string }) => ({
          type: e.name,
          code: e.code,
          message: withoutAddresses(e.message),
          stack: withoutAddresses(e.stack ?? ''),
        }),
      },
    },
    pino.destination({ dest: 2, sync: false }),
  )
}

/** Takes email addresses and phone numbers out of a text that goes to a log. */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '<email>').replace(/\+\d{7,15}/g, '<phone>')
}
