import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import S3rver from '@20minutes/s3rver'
import { afterAll, describe, expect, test } from 'vitest'
import { freePort } from '#test/postgres.ts'
import type { Files } from '../ports/files.ts'
import { createFolder } from './files-folder.ts'
import { createS3 } from './files-s3.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'lma-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/**
 * A bucket on the loopback. The server signs `/shop` where Amazon and its SDK sign `/shop/`, so that with strict
 * signatures every call but the listing works.
 */
async function bucket(isStrict: boolean): Promise<Files> {
  const port = await freePort()
  const server = new S3rver({
    port,
    address: '127.0.0.1',
    silent: true,
    directory: path.join(folder, `s3-${port}`),
    allowMismatchedSignatures: !isStrict,
    configureBuckets: [{ name: 'shop', configs: [] }],
  })
  await server.run()
  const s3 = createS3({
    bucket: 'shop',
    prefix: 'oak-street/',
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
  })
  afterAll(async () => {
    await s3.close()
    await server.close()
  })
  return s3
}

async function* chunks(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part)
}

async function text(files: Files, key: string): Promise<string | null> {
  const stream = await files.read(key)
  if (!stream) return null
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

describe.each([
  ['a folder', createFolder(path.join(folder, 'plain'))],
  ['a bucket', await bucket(false)],
])('%s', (_name, files) => {
  test('gives back what was put, lists it, and forgets it', async () => {
    expect(await files.put('exports/a.csv', chunks('one,', 'two\n'))).toBe(8)
    expect(await files.put('exports/a.csv', chunks('three\n'))).toBe(6)
    expect(await text(files, 'exports/a.csv')).toBe('three\n')
    expect(await files.size('exports/a.csv')).toBe(6)
    await files.put('exports/b.csv', chunks(''))
    expect((await files.list('exports')).map((f) => [f.key, f.bytes]).toSorted()).toEqual([
      ['exports/a.csv', 6],
      ['exports/b.csv', 0],
    ])
    await files.remove('exports/a.csv')
    await files.remove('exports/a.csv')
    expect(await files.read('exports/a.csv')).toBeNull()
    expect(await files.size('exports/a.csv')).toBeNull()
  })

  test('keeps nothing of a stream that breaks', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(9 * 1024 * 1024, 'x')
      throw new Error('the line went dead')
    }
    await expect(files.put('imports/broken.csv', broken())).rejects.toThrow('line went dead')
    expect(await files.size('imports/broken.csv')).toBeNull()
    expect(await files.list('imports')).toEqual([])
  })

  test('takes what is larger than one part', async () => {
    const part = Buffer.alloc(3 * 1024 * 1024 + 1, 'abc')
    const bytes = await files.put('backups/large.lmab', chunks(...Array.from({ length: 7 }, () => part)))
    expect(bytes).toBe(7 * part.length)
    expect(await files.size('backups/large.lmab')).toBe(bytes)
    expect((await text(files, 'backups/large.lmab'))?.length).toBe(bytes)
  }, 60_000)

  test('refuses keys that lead elsewhere', async () => {
    for (const key of ['../secret', '/etc/passwd', 'a/../../b', 'a//b', '.hidden', ''])
      await expect((async () => files.put(key, chunks('x')))()).rejects.toThrow(/cannot be the key/)
  })
})

test('a link to a file of the bucket works for anybody, for a while, and only for that file', async () => {
  const s3 = await bucket(true)
  await s3.put('exports/b.csv', chunks('not yours'))
  await s3.put('exports/c.csv', chunks('hello'))
  const link = (await s3.link('exports/c.csv', 'customers of "today".csv', 60))!
  expect(await (await fetch(link)).text()).toBe('hello')
  const other = new URL(link)
  other.pathname = other.pathname.replace('c.csv', 'b.csv')
  expect((await fetch(other)).status).toBe(403)
  expect(await createFolder(folder).link('exports/c.csv', 'c.csv', 60)).toBeNull()
})
