import { ensureUi } from './build-ui.mjs'
import { ensureInstalled, runNode } from './ensure-install.mjs'

ensureInstalled()
await ensureUi()
// npm does not hand a signal on to what its shell started: whoever stops `npm start` would leave everything running.
const parent = process.ppid
if (process.env.npm_lifecycle_event) setInterval(() => process.ppid !== parent && process.emit('SIGTERM'), 250).unref()
process.exit(await runNode(['server/cli.ts', 'up', ...process.argv.slice(2)]))
