import path from 'node:path'
import { ensureInstalled, node, root, run } from './ensure-install.mjs'

ensureInstalled()
await Promise.race([
  run(node, [
    '--watch-path=server',
    '--watch-path=core',
    '--watch-path=contract',
    '--watch-path=db',
    'server/cli.ts',
    'up',
  ]),
  run(path.join(root, 'node_modules/.bin/vite'), ['-c', 'web/vite.config.ts']),
])
