import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { startEmbedded } from '#db/embedded.ts'
import { migrate } from '#db/migrate.ts'

/**
 * `TEST_DATABASE_SERVER`: another server to test on, its superuser and database postgres.
 */
async function startServer(dataDir: string): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env['TEST_DATABASE_SERVER']
  if (given) return { url: given, stop: () => Promise.resolve() }
  return startEmbedded({ dataDir, log: { info: () => undefined, warn: () => undefined }, fsync: false })
}

/** One real PostgreSQL for the whole run, with a migrated template that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'lma-vitest-'))
  const server = await startServer(dataDir)
  const template = `template_lma_${process.pid}`
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(`create database ${template}`)
  await client.end()
  const url = new URL(server.url)
  url.pathname = `/${template}`
  await migrate(url.href)
  project.provide('postgresUrl', server.url)
  project.provide('templateDatabase', template)
  return async () => {
    const last = new pg.Client({ connectionString: server.url })
    await last.connect()
    await last.query(`drop database if exists ${template} with (force)`)
    await last.end()
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
