import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fail, root, run } from './ensure-install.mjs'

const stamp = path.join(root, 'web/dist/.sources')

/** Builds the UI when its sources, the contract or the versions changed since the last build. */
export async function ensureUi() {
  const now = sourcesHash()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return
  process.stderr.write('Building the UI...\n')
  const code = await run(path.join(root, 'node_modules/.bin/vite'), [
    'build',
    '-c',
    'web/vite.config.ts',
    '--logLevel',
    'warn',
  ])
  if (code !== 0) fail('The UI could not be built; the lines above say why.')
  writeFileSync(stamp, now)
}

function sourcesHash() {
  const hash = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json')))
  for (const folder of ['web', 'contract', 'core']) {
    for (const entry of readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath, entry.name)
      if (!entry.isFile() || file.includes(`${path.sep}dist${path.sep}`)) continue
      hash.update(file.slice(root.length)).update(readFileSync(file))
    }
  }
  return hash.digest('hex')
}
