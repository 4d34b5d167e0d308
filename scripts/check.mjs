import path from 'node:path'
import { ensureInstalled, node, root, run } from './ensure-install.mjs'

ensureInstalled()
const bin = (name) => path.join(root, 'node_modules/.bin', name)
const checks = [
  ['format', bin('oxfmt'), ['--check', '.']],
  ['lint', bin('oxlint'), ['--type-aware', '--deny-warnings', '.']],
  ['types of core, contract, db and server', bin('tsc'), ['-p', 'tsconfig.json']],
  ['types of web', bin('tsc'), ['--noEmit', '-p', 'web/tsconfig.json']],
  [
    'import direction',
    bin('depcruise'),
    ['--config', '.dependency-cruiser.cjs', 'core', 'contract', 'db', 'server', 'web/src'],
  ],
  ['unused code', bin('knip'), []],
  ['licences and digests of packages', node, ['scripts/licences.mjs', '--quiet']],
  ['tests that documents name', node, ['scripts/check-named-tests.mjs']],
  ['command line in the docs', node, ['scripts/docs-cli.ts', '--verify']],
  ['database types', node, ['scripts/generate-types.ts', '--verify']],
]
let bad = 0
for (const [name, file, args] of checks) {
  const code = await run(file, args)
  process.stderr.write(`${code === 0 ? 'ok ' : 'BAD'} ${name}\n`)
  if (code !== 0) bad++
}
process.exit(bad > 0 ? 1 : 0)
