// Plain Node 20: installs if needed, then runs bench/NAME.ts under Node 24 with the arguments after `--`.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { ensureInstalled, fail, root, runNode } from './ensure-install.mjs'

const [name = '', ...args] = process.argv.slice(2)
if (!/^[a-z]+$/.test(name) || !existsSync(path.join(root, `bench/${name}.ts`)))
  fail(`There is no benchmark called ${name}; see docs/benchmarks.md.`)
ensureInstalled()
process.exit(await runNode([`bench/${name}.ts`, ...args]))
