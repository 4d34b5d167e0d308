import { z } from 'zod'
import { Id, Instant, Job, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'
import { BackupSettings } from './settings.ts'

/** One thing that was looked at: fine, worth a look, or to be mended. */
export const Check = z.strictObject({
  check: z.string(),
  level: z.enum(['ok', 'warn', 'bad']),
  /** what was found, and how to mend it */
  detail: z.string(),
})
export type Check = z.infer<typeof Check>

export const SystemStatus = z.strictObject({
  version: z.string(),
  at: Instant,
  checks: z.array(Check),
  database: z.strictObject({
    server_version: z.string(),
    schema_version: z.int(),
    size_bytes: z.int(),
    connections: z.int(),
    max_connections: z.int(),
    is_embedded: z.boolean(),
  }),
  /** which parts run on what */
  parts: z.strictObject({
    jobs: z.enum(['postgres', 'redis']),
    live: z.enum(['postgres', 'redis']),
    files: z.enum(['folder', 's3']),
    has_pooler: z.boolean(),
    has_replica: z.boolean(),
    has_traces: z.boolean(),
    has_error_reports: z.boolean(),
  }),
  processes: z.array(
    z.strictObject({
      id: Id,
      host: z.string(),
      pid: z.int(),
      roles: z.array(z.string()),
      version: z.string(),
      rss_bytes: z.int(),
      started_at: Instant,
      seen_at: Instant,
      /** it did not say anything for a minute */
      is_silent: z.boolean(),
    }),
  ),
  duties: z.array(
    z.strictObject({
      name: z.string(),
      every_ms: z.int(),
      started_at: Instant,
      took_ms: z.int().nullable(),
      is_running: z.boolean(),
      runs: z.int(),
      failures: z.int(),
      /** of the last run */
      error: z.string().nullable(),
    }),
  ),
  waiting: z.strictObject({
    jobs_queued: z.int(),
    jobs_running: z.int(),
    job_oldest_s: z.number(),
    sends_due: z.int(),
    send_lag_s: z.number(),
    webhook_posts: z.int(),
    rollup_lag_s: z.number(),
    sends_unknown: z.int(),
  }),
})

export const Backup = z.strictObject({
  id: Id,
  reason: z.enum(['manual', 'schedule', 'move']),
  status: z.enum(['running', 'succeeded', 'failed', 'expired']),
  location: z.string().nullable(),
  bytes: z.int().nullable(),
  rows: z.int().nullable(),
  tables: z.int().nullable(),
  error: z.string().nullable(),
  started_at: Instant,
  finished_at: Instant.nullable(),
  /** the file was read back and all its checksums fit */
  verified_at: Instant.nullable(),
})

const tag = 'System'
export const system = {
  status: route({
    method: 'GET',
    path: '/api/v1/system',
    access: 'manager',
    tag,
    summary: 'How the installation is: processes, database, duties, what waits, and what to mend',
    description:
      'The same checks as `liquor-agent doctor`. For machines there are /health/live, /health/ready and /metrics.',
    reply: SystemStatus,
  }),
  backups: route({
    method: 'GET',
    path: '/api/v1/system/backups',
    access: 'admin',
    tag,
    summary: 'Backups, newest first',
    query: z.strictObject({ page: pageQuery.page, page_size: pageQuery.page_size }),
    reply: pageOf(Backup),
  }),
  backUp: route({
    method: 'POST',
    path: '/api/v1/system/backups',
    access: 'admin',
    tag,
    status: 202,
    summary: 'Make a backup now',
    description:
      'The whole shop as it is at one moment, while everybody goes on working. Restoring is done on the command line.',
    reply: Job,
  }),
  backupSettings: route({
    method: 'GET',
    path: '/api/v1/settings/backups',
    access: 'admin',
    tag,
    summary: 'When backups are made and how many are kept',
    reply: BackupSettings,
  }),
  updateBackupSettings: route({
    method: 'PATCH',
    path: '/api/v1/settings/backups',
    access: 'admin',
    tag,
    summary: 'Change when backups are made and how many are kept',
    body: BackupSettings.partial(),
    reply: BackupSettings,
  }),
}
