import { createWriteStream } from 'node:fs'
import { mkdir, realpath, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { createHash, randomUUID } from 'node:crypto'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MultipartFile } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { ImportFields, ImportPath } from '#contract/imports.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, inputError, InputError, notFound } from '../http/errors.ts'
import { shareFile } from '../shared-files.ts'

type Fields = ReturnType<typeof ImportFields.parse>

export interface Upload {
  fields: Fields
  source: string
  path: string
  bytes: number
  hash: Buffer
}

/** The part `file` of a form and the fields that stand before it. */
export async function readForm(request: FastifyRequest): Promise<{ fields: Fields; file: MultipartFile }> {
  if (!request.isMultipart()) throw new InputError([{ path: 'file', message: 'Send the file as multipart/form-data.' }])
  const file = await request.file()
  if (!file) throw new InputError([{ path: 'file', message: 'Choose a file.' }])
  const text = (name: string): string | undefined => {
    const field = file.fields[name]
    const one = Array.isArray(field) ? field[0] : field
    return one && one.type === 'field' && typeof one.value === 'string' && one.value !== '' ? one.value : undefined
  }
  const json = (name: string): unknown => {
    const value = text(name)
    if (value === undefined) return undefined
    try {
      return JSON.parse(value)
    } catch {
      throw new InputError([{ path: name, message: 'This field must be JSON.' }])
    }
  }
  const given = {
    kind: text('kind'),
    mapping: json('mapping'),
    options: json('options'),
    dry_run: text('dry_run') === undefined ? undefined : text('dry_run') === 'true',
  }
  const parsed = ImportFields.safeParse(Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined)))
  if (!parsed.success) throw inputError('body', parsed.error)
  return { fields: parsed.data, file }
}

/** Stores an upload under the data folder, hashing it on the way; or takes the path an admin names. */
export async function receive(ctx: Ctx, request: FastifyRequest, actor: Actor): Promise<Upload> {
  if (!request.isMultipart()) return namedFile(request.body, actor)
  const { fields, file } = await readForm(request)
  const folder = path.join(ctx.config.dataDir, 'imports')
  await mkdir(folder, { recursive: true })
  // The name the client gives is shown, never used as a path.
  const target = path.join(folder, `${randomUUID()}.upload`)
  const hash = createHash('sha256')
  let bytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      done(null, chunk)
    },
  })
  try {
    await pipeline(file.file, meter, createWriteStream(target, { mode: 0o600 }))
    if (file.file.truncated)
      throw new AppError('upload.too_large', 'The file is larger than 2 GB. Split it, or pack it with gzip.')
  } catch (error) {
    await rm(target, { force: true })
    throw error
  }
  await shareFile(ctx, target)
  return {
    fields,
    source: path.basename(file.filename || 'upload').slice(0, 200),
    path: target,
    bytes,
    hash: hash.digest(),
  }
}

async function namedFile(body: unknown, actor: Actor): Promise<Upload> {
  const parsed = ImportPath.safeParse(body ?? {})
  if (!parsed.success) throw inputError('body', parsed.error)
  if (actor.role !== 'admin')
    throw new AppError(
      'auth.forbidden',
      'Only an admin may import a file by its path on the server; upload it instead.',
    )
  const { path: given, ...fields } = parsed.data
  const file = await realpath(given).catch(() => null)
  const found = file ? await stat(file) : null
  if (!file || !found?.isFile()) throw notFound('file')
  return { fields, source: path.basename(file), path: file, bytes: found.size, hash: Buffer.alloc(0) }
}
