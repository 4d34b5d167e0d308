import { readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './ensure-install.mjs'

// Documents that promise something name the test that proves it: `file` "title", "title". A renamed or removed test turns
// this red, and so does a threat without one.
const documents = ['docs/security.md', 'docs/privacy.md', 'docs/asvs.md']
const faults = []
let named = 0
for (const document of documents) {
  const text = readFileSync(path.join(root, document), 'utf8')
  for (const [, file, titles] of text.matchAll(/`([\w./-]+\.(?:test|spec)\.ts)`((?:,? "[^"]+")+)/g)) {
    const source = read(file)
    if (source === null) faults.push(`${document}: there is no file ${file}`)
    else
      for (const [, title] of titles.matchAll(/"([^"]+)"/g)) {
        named++
        if (!titlesOf(source).has(title)) faults.push(`${document}: ${file} has no test “${title}”`)
      }
  }
  for (const [line, number] of text.matchAll(/^\| (\d+) +\|.*$/gm))
    if (!/`[\w./-]+\.(test|spec)\.ts` "/.test(line)) faults.push(`${document}: threat ${number} names no test`)
}
const threats = [...readFileSync(path.join(root, documents[0]), 'utf8').matchAll(/^\| (\d+) +\|/gm)].map((m) => +m[1])
for (let n = 1; n <= 27; n++) if (!threats.includes(n)) faults.push(`${documents[0]}: threat ${n} is missing`)

for (const fault of faults) process.stderr.write(`${fault}\n`)
process.stderr.write(`${named} named tests, ${faults.length} faults\n`)
process.exit(faults.length > 0 ? 1 : 0)

function read(file) {
  try {
    return readFileSync(path.join(root, file), 'utf8')
  } catch {
    return null
  }
}

function titlesOf(source) {
  return new Set(
    [...source.matchAll(/\b(?:test|it)(?:\.\w+)*(?:\([^()]*\))?\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map((m) => m[2]),
  )
}
