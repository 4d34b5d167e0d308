import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { withDocsBlock } from '#test/seed-example.ts'

/** Writes the table of docs/compliance.md anew from the policy; a test compares the two. */
const file = path.resolve(import.meta.dirname, '../docs/compliance.md')
writeFileSync(file, withDocsBlock(readFileSync(file, 'utf8')))
