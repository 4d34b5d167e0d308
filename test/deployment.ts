import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { environmentHelp } from '#server/config.ts'

export const root = path.resolve(import.meta.dirname, '..')
export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8')
export const exists = (file: string): boolean => existsSync(path.join(root, file))

/** Files under a folder of the repository with one of these endings, as paths from its root. */
export function filesUnder(folder: string, ...endings: string[]): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((name) => endings.some((e) => name.endsWith(e)) && statSync(path.join(root, name)).isFile())
    .sort()
}

/** All documents of a YAML file; throws what the parser says about duplicate keys, tabs and so on. */
export function yaml<T>(file: string): T[] {
  return parseAllDocuments(read(file), { merge: true, strict: true, uniqueKeys: true }).map((document) => {
    if (document.errors[0]) throw new Error(`${file}: ${document.errors[0].message}`)
    return document.toJS() as T
  })
}

/** Names of all environment variables that the program reads. */
export const settings = new Set([...environmentHelp().matchAll(/^# ([A-Z][A-Z0-9_]+)=$/gm)].map((m) => m[1]!))
/** Read by libraries: Node itself, the AWS SDK. */
const ofLibraries = ['NODE_ENV', 'AWS_REGION']
/** Those of the names that nothing in the program reads: misspelt, or from another release. */
export const unknownSettings = (names: Iterable<string>): string[] =>
  [...names].filter((name) => !settings.has(name) && !ofLibraries.includes(name))
