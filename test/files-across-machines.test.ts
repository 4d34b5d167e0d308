import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import S3rver from '@20minutes/s3rver'
import { afterAll, expect, test } from 'vitest'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext, type Ctx } from '#server/context.ts'
import { createApp } from '#server/http/app.ts'
import { createLog } from '#server/log.ts'
import { freshDatabase } from './db.ts'
import { finishJob } from './jobs.ts'
import { bearerOf } from './sign-in.ts'
import { freePort } from './postgres.ts'

const folder = (name: string): string => mkdtempSync(path.join(tmpdir(), `lma-${name}-`))
const database = await freshDatabase()

function machine(name: string, port: number): Ctx {
  const config = readConfig({
    LMA_DATA: folder(name),
    LMA_SECRET: 'a secret that only tests use, 32+ characters',
    S3_BUCKET: 'shop',
    S3_ENDPOINT: `http://127.0.0.1:${port}`,
    S3_ACCESS_KEY_ID: 'S3RVER',
    S3_SECRET_ACCESS_KEY: 'S3RVER',
  })
  const ctx = createContext(config, database.url, { log: createLog('silent'), poolSize: 4 })
  afterAll(() => closeContext(ctx))
  return ctx
}

test('a file uploaded on one machine is imported on another, and its rejects are read on a third', async () => {
  const port = await freePort()
  const server = new S3rver({
    port,
    address: '127.0.0.1',
    silent: true,
    // It signs the listing of a bucket in its own way (server/adapters/files.test.ts).
    allowMismatchedSignatures: true,
    directory: folder('s3'),
    configureBuckets: [{ name: 'shop', configs: [] }],
  })
  await server.run()
  afterAll(() => server.close())
  const [api, worker, third] = ['api', 'worker', 'third'].map((name) => machine(name, port)) as [Ctx, Ctx, Ctx]
  const admin = await createUser(api, systemActor, {
    email: 'admin@shop.test',
    password: 'a long test password',
    fullName: 'admin',
    role: 'admin',
  })
  const authorization = `Bearer ${await bearerOf(api, admin.id)}`
  const app = await createApp(api)
  const form = new FormData()
  form.append('kind', 'customers')
  form.append(
    'file',
    new File(['email,name\nanna@example.com,Anna\nnobody,Bad\n'], 'customers.csv', { type: 'text/csv' }),
  )
  await app.listen({ port: 0, host: '127.0.0.1' })
  const started = await fetch(
    `http://127.0.0.1:${(app.server.address() as { port: number }).port}/api/v1/customers/import`,
    {
      method: 'POST',
      body: form,
      headers: { authorization },
    },
  )
  const made = (await started.json()) as { id: string; job_id: string }
  const done = await finishJob(worker, { id: made.job_id })
  expect(done.error).toBeNull()
  expect(done.result).toMatchObject({ rows_new: 1, rows_rejected: 1 })
  // An upload is personal data: it is gone everywhere once it is in.
  expect(readdirSync(path.join(worker.config.dataDir, 'imports')).filter((f) => f.endsWith('.upload'))).toEqual([])
  expect((await worker.files.list('imports')).map((f) => f.key)).toEqual([`imports/${made.id}-rejects.csv`])

  const elsewhere = await createApp(third)
  expect(existsSync(path.join(third.config.dataDir, 'imports'))).toBe(false)
  const rejects = await elsewhere.inject({ url: `/api/v1/imports/${made.id}/rejects`, headers: { authorization } })
  expect(rejects.statusCode).toBe(200)
  expect(rejects.body).toContain('nobody')
  await Promise.all([app.close(), elsewhere.close()])
}, 60_000)
