import { ensureUi } from './build-ui.mjs'
import { ensureInstalled, runNode } from './ensure-install.mjs'

ensureInstalled()
await ensureUi()
process.exit(await runNode(['server/cli.ts', 'up', ...process.argv.slice(2)]))
