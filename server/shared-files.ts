import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Ctx } from './context.ts'

/**
 * Uploads, exports and reports are written to and read from the data folder; with S3 a copy lies in the bucket, so that
 * any machine may take them up. A path in a table may be of another machine: only its last two parts count.
 */
type With = Pick<Ctx, 'config' | 'files'>

const keyOf = (file: string): string => `${path.basename(path.dirname(file))}/${path.basename(file)}`

const localPath = (ctx: Pick<Ctx, 'config'>, file: string): string => path.join(ctx.config.dataDir, keyOf(file))

/** True for what this program wrote; an admin may also name any other file of the server. */
export const isOurs = (file: string): boolean =>
  /^(imports|exports|reports)\/[0-9a-f-]{36}(-rejects)?\.\w+$/.test(keyOf(file))

/** A finished file: from now on every machine can read it. */
export async function shareFile(ctx: With, file: string): Promise<void> {
  if (ctx.files.kind === 's3') await ctx.files.put(keyOf(file), createReadStream(file))
}

/** Brings the file to this machine if it is elsewhere; its path here, or null when it is gone. */
export async function fetchFile(ctx: With, file: string): Promise<string | null> {
  if (await stat(file).catch(() => null)) return file
  if (ctx.files.kind !== 's3' || !isOurs(file)) return null
  const here = localPath(ctx, file)
  if (await stat(here).catch(() => null)) return here
  const source = await ctx.files.read(keyOf(file))
  if (!source) return null
  await mkdir(path.dirname(here), { recursive: true })
  const part = `${here}.${process.pid}.part`
  try {
    await pipeline(source, createWriteStream(part, { mode: 0o600 }))
    await rename(part, here)
  } finally {
    await rm(part, { force: true })
  }
  return here
}

/** Removes it here and in the bucket. What other machines fetched goes with `dropStrayCopies`. */
export async function dropFile(ctx: With, file: string): Promise<void> {
  await rm(file, { force: true })
  if (ctx.files.kind !== 's3' || !isOurs(file)) return
  await rm(localPath(ctx, file), { force: true })
  await ctx.files.remove(keyOf(file))
}

const keptHereMs = 3_600_000

/** With S3: copies on this machine that nobody has touched for an hour. They hold customers, and the bucket has them. */
export async function dropStrayCopies(ctx: With): Promise<number> {
  if (ctx.files.kind !== 's3') return 0
  let count = 0
  for (const folder of ['imports', 'exports', 'reports'])
    for (const name of await readdir(path.join(ctx.config.dataDir, folder)).catch(() => [])) {
      const file = path.join(ctx.config.dataDir, folder, name)
      const about = await stat(file).catch(() => null)
      if (!about?.isFile() || Date.now() - Math.max(about.atimeMs, about.mtimeMs) < keptHereMs) continue
      if ((await ctx.files.size(keyOf(file))) === null && Date.now() - about.mtimeMs < 24 * keptHereMs) continue
      await rm(file, { force: true })
      count += 1
    }
  return count
}
