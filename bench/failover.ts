import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { restoreBackup } from '#db/backup/restore.ts'
import { writeBackup } from '#db/backup/write.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { createDatabase, noPostgres, startCluster, startStandby, streaming, systemPostgres } from '#test/postgres.ts'
import { exited, judge, openSends, seedShop, waitFor, workerPool } from './campaign-run.ts'

// What happens to a campaign when the database moves to its stand-by (F5), when its disk is full (F16), and whether a backup
// that is taken meanwhile comes back whole (F20). F5 needs PostgreSQL of the system, F16 the right to mount a tmpfs.
const quick = process.argv.includes('--quick')
const messages = quick ? 1_500 : 6_000
const slots = 20
const say = (text: string): boolean => process.stderr.write(text + '\n')
const secret = 'a secret that only the failover bench uses, 32+'
const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-failover-'))
chmodSync(dataDir, 0o755)
const notes: string[] = []
const workers = workerPool({ dataDir, secret, slots })
const undo: (() => unknown)[] = [() => rmSync(dataDir, { recursive: true, force: true }), () => workers.leave()]
const leave = async (): Promise<void> => {
  for (const step of undo.splice(0).toReversed()) await Promise.resolve(step())
}
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void leave().then(() => process.exit(1)))
const wait = (what: string, check: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> =>
  waitFor(notes, what, check, withinMs)

/** The address that stays while the server behind it changes, as a managed database has it. */
async function startAddress(first: number): Promise<{ port: number; moveTo(port: number): void; close(): void }> {
  let target = first
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const there = connect(target, '127.0.0.1')
    for (const socket of [client, there]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        there.destroy()
      })
    }
    client.pipe(there).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    moveTo(port) {
      target = port
      for (const socket of open) socket.destroy()
    },
    close() {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}

/** F5: the primary is killed in mid-campaign, its stand-by promoted, the address moved. */
async function standbyPromoted(isSynchronous: boolean) {
  const primary = await startCluster(streaming)
  undo.push(() => primary.remove())
  const standby = await startStandby(primary)
  undo.push(() => standby.remove())
  if (isSynchronous) {
    const admin = createPool(primary.url, { max: 1 })
    await admin.query(`alter system set synchronous_standby_names = '*'`)
    await admin.query('select pg_reload_conf()')
    await admin.end()
  }
  const direct = await createDatabase(primary.url, 'shop')
  const address = await startAddress(primary.port)
  undo.push(() => address.close())
  const url = direct.replace(`:${primary.port}/`, `:${address.port}/`)
  await migrate(url)
  await seedShop(url, dataDir, secret)
  const pool = createPool(url, { max: 2 })
  pool.on('error', () => undefined)
  undo.push(() => pool.end())
  const sink = await startSmtpSink({ latencyMs: 10 })
  undo.push(() => sink.close())
  const { campaignId } = await simCampaign(pool, messages, new Date())
  const worker = workers.start(url, sink)
  await wait('the worker sends', () => sink.accepted > messages / 4, 60_000)
  const began = Date.now()
  primary.stop('immediate')
  standby.tool('pg_ctl', ['-D', path.join(standby.folder, 'data'), '-w', 'promote'])
  address.moveTo(standby.port)
  const promotedMs = Date.now() - began
  const taken = sink.accepted
  await wait('the worker goes on', () => sink.accepted > taken + slots, 60_000)
  const recoveryMs = Date.now() - began
  await wait('the campaign ends', async () => (await openSends(pool, campaignId)) === 0, 180_000)
  const survived = worker.exitCode === null
  if (!survived) notes.push('the worker did not survive the change of the server')
  worker.kill('SIGTERM')
  await exited(worker)
  return { ...(await judge(pool, campaignId, sink, slots)), promotedMs, recoveryMs, survived }
}

/** F16: the disk of the database runs full in mid-campaign, and is given room again. */
async function diskFull() {
  const disk = path.join(dataDir, 'small-disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=420m,mode=0755', 'tmpfs', disk])
  undo.push(() => execFileSync('umount', ['-l', disk]))
  const server = await startEmbedded({ dataDir: disk, log: { info: () => undefined, warn: () => undefined } })
  undo.push(() => server.stop())
  await migrate(server.url)
  await seedShop(server.url, disk, secret)
  const pool = createPool(server.url, { max: 2 })
  pool.on('error', () => undefined)
  undo.push(() => pool.end().catch(() => undefined))
  const sink = await startSmtpSink({ latencyMs: 10 })
  undo.push(() => sink.close())
  const { campaignId } = await simCampaign(pool, messages, new Date())
  const worker = workers.start(server.url, sink)
  await wait('the worker sends', () => sink.accepted > messages / 6, 60_000)
  const ballast = path.join(disk, 'ballast')
  const free = (): number => {
    const { bavail, bsize } = statfsSync(disk)
    return bavail * bsize
  }
  // All that is left, and again whenever something was freed, for as long as the fault lasts.
  const until = Date.now() + (quick ? 5_000 : 15_000)
  let n = 0
  while (Date.now() < until) {
    if (free() > 0) {
      try {
        writeFileSync(`${ballast}-${n++}`, Buffer.alloc(Math.min(free(), 64 * 2 ** 20)))
      } catch {
        // Full, as it should be.
      }
    }
    await sleep(50)
  }
  const before = sink.accepted
  await sleep(1_000)
  const stood = sink.accepted - before
  const isFull = free() < 2 ** 20
  const began = Date.now()
  for (let i = 0; i < n; i++) rmSync(`${ballast}-${i}`, { force: true })
  await wait('the worker goes on', () => sink.accepted > before + stood + slots, 90_000)
  const recoveryMs = Date.now() - began
  await wait('the campaign ends', async () => (await openSends(pool, campaignId)) === 0, 180_000)
  const survived = worker.exitCode === null
  if (!survived) notes.push('the worker did not survive the full disk')
  worker.kill('SIGTERM')
  await exited(worker)
  // Is what is on the disk whole: every index against its table.
  await pool.query('create extension if not exists amcheck')
  const { rows } = await pool.query<{ n: number }>(
    `select count(bt_index_check(c.oid, true)) as n from pg_class as c join pg_index as i on i.indexrelid = c.oid join pg_am as a on a.oid = c.relam
     where a.amname = 'btree' and c.relkind = 'i' and c.relnamespace = 'public'::regnamespace and i.indisvalid`,
  )
  return {
    ...(await judge(pool, campaignId, sink, 10 * slots)),
    isFull,
    sentWhileFull: stood,
    recoveryMs,
    survived,
    indexes: rows[0]!.n,
    server,
    pool,
  }
}

/** F20: backup, restored into another database; the restore itself compares every count and checksum. */
async function backedUp(url: string) {
  const target = mkdtempSync(path.join(dataDir, 'restored-'))
  chmodSync(target, 0o755)
  const other = await startEmbedded({
    dataDir: target,
    log: { info: () => undefined, warn: () => undefined },
    fsync: false,
  })
  undo.push(() => other.stop())
  const chunks: Buffer[] = []
  let began = Date.now()
  for await (const chunk of writeBackup(url, '0.1.0', () => undefined)) chunks.push(chunk)
  const backupMs = Date.now() - began
  began = Date.now()
  async function* whole(): AsyncGenerator<Buffer> {
    yield* chunks
  }
  const restored = await restoreBackup(other.url, whole(), { replace: true, onTable: () => undefined })
  return {
    rows: restored.rows,
    tables: restored.tables,
    bytes: chunks.reduce((sum, c) => sum + c.length, 0),
    backupMs,
    restoreMs: Date.now() - began,
  }
}

try {
  const figures: Record<string, unknown> = {}
  let lost = 0
  if (process.argv.includes('--disk')) notes.push('F5 was left out (--disk)')
  else if (systemPostgres()) {
    for (const isSynchronous of [true, false]) {
      const name = isSynchronous ? 'sync' : 'async'
      say(`F5: primary killed, stand-by promoted, ${name} ...`)
      const verdict = await standbyPromoted(isSynchronous)
      say(JSON.stringify(verdict))
      lost += verdict.lost
      Object.assign(figures, {
        [`f5_${name}_lost`]: verdict.lost,
        [`f5_${name}_duplicates`]: verdict.duplicates,
        [`f5_${name}_unknown`]: verdict.unknown,
        [`f5_${name}_recovery_ms`]: verdict.recoveryMs,
        [`f5_${name}_promoted_ms`]: verdict.promotedMs,
      })
    }
  } else notes.push(`F5 was not run: ${noPostgres}`)
  if (process.getuid?.() === 0) {
    say('F16: the disk is full ...')
    const { server, pool, ...verdict } = await diskFull()
    say(JSON.stringify(verdict))
    lost += verdict.lost
    Object.assign(figures, {
      f16_lost: verdict.lost,
      f16_duplicates: verdict.duplicates,
      f16_unknown: verdict.unknown,
      f16_was_full: verdict.isFull,
      f16_recovery_ms: verdict.recoveryMs,
      f16_indexes_whole: verdict.indexes,
    })
    say('F20: backup, restore, compare ...')
    const backup = await backedUp(server.url)
    say(JSON.stringify(backup))
    Object.assign(figures, {
      f20_rows: backup.rows,
      f20_tables: backup.tables,
      f20_backup_ms: backup.backupMs,
      f20_restore_ms: backup.restoreMs,
    })
    await pool.query('select 1')
  } else notes.push('F16 and F20 were not run: mounting a small disk needs root')
  process.stdout.write(
    JSON.stringify({ bench: 'failover', quick, figures: { messages, lost, ...figures }, notes }) + '\n',
  )
  process.exitCode = lost === 0 ? 0 : 1
} finally {
  await leave()
}
