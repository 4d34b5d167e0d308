import { createReadStream } from 'node:fs'
import type { ClientBase } from 'pg'
import type { Ctx } from './context.ts'
import { dropFile, fetchFile, isOurs } from './shared-files.ts'

/**
 * Files that hold rows of customers: the refused rows of an import that name one of these people, and uploads that were
 * left from imports that failed. They go before the rows do, so that a crash in between leaves no forgotten copy.
 */
export async function removeFilesOf(
  ctx: Pick<Ctx, 'config' | 'files'>,
  tx: ClientBase,
  words: readonly string[],
): Promise<void> {
  const { rows: rejects } = await tx.query<{ id: string; rejects_path: string }>(
    'select i.id, i.rejects_path from imports as i where i.rejects_path is not null',
  )
  const gone: string[] = []
  for (const { id, rejects_path } of rejects) {
    const file = await fetchFile(ctx, rejects_path)
    if (!file || !(await mentions(file, words))) continue
    await dropFile(ctx, rejects_path)
    gone.push(id)
  }
  if (gone.length > 0)
    await tx.query('update imports set rejects_path = null where imports.id = any($1::uuid[])', [gone])
  const { rows: left } = await tx.query<{ path: string }>(
    `select i.path from imports as i where i.path is not null and i.status in ('failed', 'cancelled')`,
  )
  for (const { path: file } of left) if (isOurs(file)) await dropFile(ctx, file)
}

/** Whether a file has one of the words in it; a file that is not there has none. */
async function mentions(file: string, words: readonly string[]): Promise<boolean> {
  // A phone is looked for as its digits, however it was typed.
  const spare = (text: string): string => text.replace(/[ ().-]/g, '')
  const wanted = words
    .map((w) => (w.startsWith('+') ? w.replace(/^\+1?/, '') : w.toLowerCase()))
    .filter((w) => w.length > 3)
  const longest = Math.max(0, ...wanted.map((w) => w.length))
  let rest = ''
  try {
    for await (const chunk of createReadStream(file, { encoding: 'utf8' })) {
      const text = rest + String(chunk).toLowerCase()
      const digits = spare(text)
      if (wanted.some((w) => text.includes(w.replaceAll('"', '""')) || (/^\d+$/.test(w) && digits.includes(w))))
        return true
      // A word may be cut by the end of the chunk.
      rest = text.slice(-2 * longest)
    }
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error
  }
  return false
}
