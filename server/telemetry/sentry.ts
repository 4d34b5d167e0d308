import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

/** What goes with an error: short facts of the log line, never a customer's. */
export type Facts = Record<string, string | number | boolean>

export interface Reporter {
  report(error: { type: string; message: string; stack: string }, facts: Facts): void
  close(): Promise<void>
}

const mostPerMinute = 30
const timeoutMs = 5_000

export interface SentryOptions {
  dsn: string
  environment: string
  release: string
}

/** The parts of a DSN, `https://<key>@<host>/<project>`; null when it is not one. */
export function readDsn(dsn: string): { address: string; key: string } | null {
  try {
    const url = new URL(dsn)
    const at = url.pathname.lastIndexOf('/')
    const project = url.pathname.slice(at + 1)
    if (!url.username || !/^\d+$/.test(project)) return null
    return {
      address: `${url.protocol}//${url.host}${url.pathname.slice(0, at)}/api/${project}/envelope/`,
      key: url.username,
    }
  } catch {
    return null
  }
}

/**
 * Sends errors to Sentry, or to anything that takes its envelopes. One POST for each error, thirty a minute at most: a
 * database that is away must not become a storm. What cannot be sent is in the log anyway.
 */
export function createReporter(options: SentryOptions): Reporter | null {
  const place = readDsn(options.dsn)
  if (!place) return null
  const { address, key } = place
  const pending = new Set<Promise<unknown>>()
  let minute = 0
  let count = 0

  async function post(body: string): Promise<void> {
    try {
      const answer = await fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-sentry-envelope',
          'x-sentry-auth': `Sentry sentry_version=7, sentry_client=liquor-agent/${options.release}, sentry_key=${key}`,
        },
        body,
        signal: AbortSignal.timeout(timeoutMs),
        redirect: 'error',
      })
      await answer.body?.cancel()
      if (answer.status === 429) count = mostPerMinute
    } catch {
      // The log has it.
    }
  }

  return {
    report(problem, facts) {
      const now = Math.floor(Date.now() / 60_000)
      if (now !== minute) [minute, count] = [now, 0]
      if (++count > mostPerMinute) return
      const sent = post(envelope(problem, facts, options)).finally(() => pending.delete(sent))
      pending.add(sent)
    },
    async close() {
      await Promise.all(pending)
    },
  }
}

function envelope(
  error: { type: string; message: string; stack: string },
  facts: Facts,
  options: SentryOptions,
): string {
  const id = randomUUID().replaceAll('-', '')
  const event = {
    event_id: id,
    timestamp: Date.now() / 1000,
    platform: 'node',
    level: 'error',
    environment: options.environment,
    release: `liquor-agent@${options.release}`,
    server_name: hostname(),
    exception: { values: [{ type: error.type, value: error.message, stacktrace: { frames: framesOf(error.stack) } }] },
    extra: facts,
  }
  return [{ event_id: id, sent_at: new Date().toISOString() }, { type: 'event' }, event]
    .map((part) => JSON.stringify(part))
    .join('\n')
}

// Sentry wants the oldest call first.
function framesOf(stack: string): object[] {
  return stack
    .split('\n')
    .flatMap((line) => {
      const found = /^\s+at (?:(.+?) \()?(?:file:\/\/)?(.+?):(\d+):(\d+)\)?$/.exec(line)
      if (!found) return []
      const [, name, file, row, column] = found
      return [
        {
          function: name ?? '?',
          filename: file,
          lineno: Number(row),
          colno: Number(column),
          in_app: !/node_modules|^node:/.test(file ?? ''),
        },
      ]
    })
    .toReversed()
}
