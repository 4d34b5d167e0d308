import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Files } from '../ports/files.ts'

/** Files in a folder of this machine. */
export function createFolder(root: string): Files {
  const place = (key: string): string => path.join(root, checked(key))
  const sizeOf = async (key: string): Promise<number | null> =>
    stat(place(key)).then(
      (s) => s.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      },
    )
  return {
    kind: 'folder',
    async put(key, source) {
      const target = place(key)
      const part = `${target}.part`
      await mkdir(path.dirname(target), { recursive: true })
      try {
        await pipeline(source, createWriteStream(part, { mode: 0o600, flush: true }))
        await rename(part, target)
      } catch (error) {
        await rm(part, { force: true })
        throw error
      }
      return (await stat(target)).size
    },
    async read(key) {
      return (await sizeOf(key)) === null ? null : createReadStream(place(key))
    },
    size: sizeOf,
    remove: (key) => rm(place(key), { force: true }),
    async list(prefix) {
      const folder = path.join(root, prefix)
      const names = await readdir(folder).catch(() => [] as string[])
      const found = await Promise.all(
        names
          .filter((name) => !name.endsWith('.part'))
          .map(async (name) => ({ name, about: await stat(path.join(folder, name)).catch(() => null) })),
      )
      return found.flatMap(({ name, about }) =>
        about?.isFile() ? [{ key: path.posix.join(prefix, name), bytes: about.size, at: about.mtime }] : [],
      )
    },
    location: place,
    link: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  }
}

/** Keys are made by us; one that leaves its folder is a mistake of ours. */
export function checked(key: string): string {
  if (!/^[\w][\w.-]*(\/[\w][\w.-]*)*$/.test(key)) throw new Error(`"${key}" cannot be the key of a file`)
  return key
}
