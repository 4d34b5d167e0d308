// npm run e2e:modes [-- MODE... [--spec NAME...]]: the end-to-end suite against other ways to run the product than `npm start`.
//   embedded   as a newcomer starts it (what npm test does)
//   postgres   one process on a PostgreSQL of the system
//   redis      the same with Redis
//   overheard  the same on a PostgreSQL of the system, loud, with traces and a model; then all of it and a dump are searched for
//              addresses, numbers, names, tokens and secrets
//   pooled     two APIs and two workers behind a proxy, with PgBouncer and Redis
import { spawn } from 'node:child_process'
import path from 'node:path'
import { ensureUi } from './build-ui.mjs'
import { ensureInstalled, fail, node, root } from './ensure-install.mjs'

const modes = ['embedded', 'postgres', 'redis', 'overheard', 'pooled']
const at = process.argv.indexOf('--spec')
const asked = process.argv.slice(2, at === -1 ? undefined : at)
const specs = at === -1 ? [] : process.argv.slice(at + 1)
for (const mode of asked) if (!modes.includes(mode)) fail(`There is no mode ${mode}; choose ${modes.join(', ')}.`)
ensureInstalled()
await ensureUi()
let bad = 0
for (const mode of asked.length > 0 ? asked : modes) {
  const started = Date.now()
  const code = await new Promise((resolve) => {
    const child = spawn(path.join(root, 'node_modules/.bin/playwright'), ['test', ...specs], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, E2E_MODE: mode, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` },
    })
    child.once('exit', (exitCode) => resolve(exitCode ?? 1))
  })
  console.log(`${code === 0 ? 'ok ' : 'BAD'} ${mode}, ${Math.round((Date.now() - started) / 1000)} s`)
  if (code !== 0) bad++
}
process.exit(bad > 0 ? 1 : 0)
