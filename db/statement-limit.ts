import { AsyncLocalStorage } from 'node:async_hooks'
import net from 'node:net'
import type { PoolClient } from 'pg'

const limit = new AsyncLocalStorage<number>()

/**
 * Every statement that is sent within is given up after `ms` milliseconds, with PostgreSQL's own code 57014; 0: never. Not
 * statement_timeout: that is of the session, and a session serves requests and jobs in turn, behind a pooler even those of
 * other processes. A shorter `set local statement_timeout` within still counts.
 */
export function withStatementLimit<T>(ms: number, run: () => T): T {
  return limit.run(ms, run)
}

/** The server is asked to give up first; when it does not even do that, the connection is cut. */
const patienceMs = 5_000

type Answer = (error: Error | null, result?: unknown) => void

/** Minds the limit for all statements of a connection. Streams (COPY, cursors) wait for their reader and have none. */
export function limitStatements(client: PoolClient): void {
  const own = client as unknown as { query: (...args: unknown[]) => unknown }
  const query = own.query.bind(client)
  own.query = (...args) => {
    const ms = limit.getStore() ?? 0
    const [first] = args
    if (ms === 0 || (typeof first === 'object' && first !== null && 'submit' in first)) return query(...args)
    let stop: (() => void) | undefined
    const timer = setTimeout(() => (stop = giveUp(client)), ms)
    // A cancellation that came too late could hit the next statement: the connection is used no more, whatever came of it.
    const over = (error: Error | null): Error | null => {
      clearTimeout(timer)
      if (!stop) return error
      stop()
      return Object.assign(new Error(`canceling statement after ${ms} ms`), { code: '57014' })
    }
    const last = args.at(-1)
    if (typeof last === 'function') {
      args[args.length - 1] = ((error, result) => {
        const told = over(error)
        ;(last as Answer)(told, told ? undefined : result)
      }) satisfies Answer
      return query(...args)
    }
    return (query(...args) as Promise<unknown>).then(
      (result) => {
        const told = over(null)
        if (told) throw told
        return result
      },
      (error: Error) => {
        throw over(error) ?? error
      },
    )
  }
}

interface Inside {
  host: string
  port: number
  processID: number
  secretKey: number
  connection: { stream: net.Socket }
  end: () => Promise<void>
}

/** Asks the server to cancel what this connection runs; the returned function closes the connection. */
function giveUp(client: PoolClient): () => void {
  const { host, port, processID, secretKey, connection, end } = client as unknown as Inside
  const cut = setTimeout(() => connection.stream.destroy(), patienceMs)
  const request = Buffer.alloc(16)
  for (const [i, word] of [16, 80_877_102, processID, secretKey].entries()) request.writeInt32BE(word, i * 4)
  const asking = net.connect(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port })
  asking.on('error', () => undefined)
  asking.end(request)
  return () => {
    clearTimeout(cut)
    asking.destroy()
    void end.call(client).catch(() => undefined)
  }
}
