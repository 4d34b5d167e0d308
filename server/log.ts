import { pino, type DestinationStream, type Logger } from 'pino'
import type { Facts } from './telemetry/sentry.ts'

export type Log = Logger

interface LogOptions {
  /** told of every line at error level or above: such a line means that somebody must act */
  report?: (error: { type: string; message: string; stack: string }, facts: Facts) => void
  /** trace and span that the line belongs to */
  current?: () => object | null
  /** default: stderr */
  to?: DestinationStream
}

/**
 * Structured log on stderr, so that stdout stays for data. Errors are reduced to type, message and stack:
 * driver errors carry row values, and a row may be a customer.
 */
export function createLog(level: string, { report, current, to }: LogOptions = {}): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorShown },
      // Libraries write the headers of a request at level trace: they hold tokens and cookies.
      redact: { paths: ['headers', '*.headers', 'req', 'res'], censor: '(hidden)' },
      ...(current ? { mixin: () => current() ?? {} } : {}),
      ...(report
        ? {
            hooks: {
              logMethod(args, method, number) {
                if (number >= 50) reportLine(report, args)
                return method.apply(this, args)
              },
            },
          }
        : {}),
    },
    to ?? pino.destination({ dest: 2, sync: false }),
  )
}

function errorShown(e: Error & { code?: string }): { type: string; code?: string; message: string; stack: string } {
  return {
    type: e.name,
    ...(e.code === undefined ? {} : { code: e.code }),
    message: withoutAddresses(e.message),
    stack: withoutAddresses(e.stack ?? ''),
  }
}

function reportLine(report: NonNullable<LogOptions['report']>, args: readonly unknown[]): void {
  const [first, second] = args
  const fields = typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {}
  const line = typeof first === 'string' ? first : typeof second === 'string' ? second : 'error'
  const err = fields['err'] instanceof Error ? errorShown(fields['err']) : null
  const facts: Facts = { line: withoutAddresses(line) }
  for (const [key, value] of Object.entries(fields))
    if (typeof value === 'string') facts[key] = withoutAddresses(value)
    else if (typeof value === 'number' || typeof value === 'boolean') facts[key] = value
  report(err ?? { type: 'Error', message: facts['line'] as string, stack: '' }, facts)
}

/** Takes email addresses and phone numbers out of a text that goes to a log. */
export function withoutAddresses(text: string): string {
  return text.replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, '<email>').replace(/\+\d{7,15}/g, '<phone>')
}
