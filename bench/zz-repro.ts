import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'
import { createPool } from '#db/pool.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { exited } from './campaign-run.ts'
import { createStage } from './faults/stage.ts'
const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-repro-'))
const server = await startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined } })
const pool = createPool(server.url, { max: 4 })
pool.on('error', () => undefined)
await migrate(server.url)
const stage = createStage(server, pool, dataDir, true)
const sink = await startSmtpSink({})
for (let i = 0; i < 6; i++) {
  const other = stage.worker({ smtpPort: sink.port })
  await sleep(300 + i * 200)
  process.kill(server.pid()!, 'SIGKILL')
  await sleep(200)
  await stage.waitFor('back', async () => pool.query('select 1').then(() => true, () => false), 30_000)
  await sleep(4_000)
  const { rows } = await pool.query(`select count(*) as n from pg_stat_activity where application_name = 'liquor-agent liveness'`).catch(() => ({ rows: [{ n: -1 }] }))
  other.kill('SIGTERM')
  const ok = await Promise.race([exited(other).then(() => true), sleep(10_000).then(() => false)])
  console.log(`started ${300 + i * 200} ms before the kill: liveness connections ${rows[0].n}, ends when told: ${ok}`)
  other.kill('SIGKILL')
  await exited(other)
}
await sink.close()
await pool.end()
await server.stop()
rmSync(dataDir, { recursive: true, force: true })
process.exit(0)
