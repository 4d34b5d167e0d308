import { spawn, type ChildProcess } from 'node:child_process'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { createLog } from '#server/log.ts'
import { seedTemplates } from '#server/delivery/templates.ts'
import type { SmtpSink } from '#sim/smtp-sink.ts'
import type { LoadPlan, LoadReport } from './load-client.ts'

// What the benches of faults share: worker processes that can be killed, and the count of what became of the messages.

export interface Verdict {
  messages: number
  lost: number
  duplicates: number
  /** duplicates that cannot be avoided: in flight at a hard kill */
  bound: number
  unknown: number
}

export interface WorkerOptions {
  mode?: 'ledger' | 'checkpoint' | 'everything'
  env?: Record<string, string>
}

/** Worker processes of one bench; `leave` kills those that are left. */
export function workerPool(env: { dataDir: string; secret: string; slots: number }) {
  const children = new Set<ChildProcess>()
  return {
    start(
      url: string,
      sink: { port: number } | null,
      { mode = 'ledger', env: more = {} }: WorkerOptions = {},
    ): ChildProcess {
      const child = spawn(process.execPath, [path.join(import.meta.dirname, 'faults-worker.ts'), mode], {
        env: {
          ...process.env,
          DATABASE_URL: url,
          ...(sink ? { SMTP_URL: `smtp://127.0.0.1:${sink.port}` } : {}),
          LMA_SECRET: env.secret,
          LMA_DATA: env.dataDir,
          LMA_SLOTS: String(env.slots),
          LOG_LEVEL: 'error',
          ...more,
        },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      children.add(child)
      child.once('exit', () => children.delete(child))
      return child
    },
    leave() {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}

export const exited = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => child.once('exit', resolve))

/** Whether it came true within the time; what it gave up waiting for is noted. */
export async function waitFor(
  notes: string[],
  what: string,
  check: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<boolean> {
  const until = Date.now() + withinMs
  while (Date.now() < until) {
    if (await check()) return true
    await sleep(10)
  }
  notes.push(`gave up waiting: ${what}`)
  process.stderr.write(`gave up waiting: ${what}\n`)
  return false
}

/** Sends of the campaign that have not ended; -1 while the database does not answer. */
export async function openSends(pool: pg.Pool, campaignId: string): Promise<number> {
  try {
    const { rows } = await pool.query<{ n: number }>(
      `select count(*) as n from sends where campaign_id = $1 and status = 'pending'`,
      [campaignId],
    )
    return rows[0]!.n
  } catch {
    return -1
  }
}

/** Puts what the table says beside what the mail server took. */
export async function judge(pool: pg.Pool, campaignId: string, sink: SmtpSink, bound: number): Promise<Verdict> {
  const { rows } = await pool.query<{ id: string; status: string }>(
    'select id, status from sends where campaign_id = $1',
    [campaignId],
  )
  const copies = (id: string): number => sink.copies.get(`<${id}@cornercellars.test>`) ?? 0
  // Lost: never ended, or called sent while no server ever took it.
  const lost = rows.filter((r) => r.status === 'pending' || (r.status === 'sent' && copies(r.id) === 0)).length
  const duplicates = rows.reduce((sum, r) => sum + Math.max(0, copies(r.id) - 1), 0)
  return { messages: rows.length, lost, duplicates, bound, unknown: rows.filter((r) => r.status === 'unknown').length }
}

/** People at work, in a process of their own. */
export async function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'load-client.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stdin.end(JSON.stringify(plan))
  await new Promise((resolve) => child.once('close', resolve))
  return JSON.parse(out) as LoadReport
}

/** The templates that campaigns of the benches are made of. */
export async function seedShop(url: string, dataDir: string, secret: string): Promise<void> {
  const ctx = createContext({ ...readConfig({ LMA_DATA: dataDir, LMA_SECRET: secret }), databaseUrl: url }, url, {
    log: createLog('silent'),
  })
  await seedTemplates(ctx)
  await closeContext(ctx)
}
