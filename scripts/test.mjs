import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { ensureUi } from './build-ui.mjs'
import { ensureInstalled, root, run } from './ensure-install.mjs'

ensureInstalled()
const reports = mkdtempSync(path.join(tmpdir(), 'lma-report-'))
const bin = (name) => path.join(root, 'node_modules/.bin', name)
const total = { passed: 0, failed: 0, skipped: 0 }

const unit = path.join(reports, 'unit.json')
await run(bin('vitest'), [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${unit}`,
  ...process.argv.slice(2),
])
count(unit, (r) => ({
  passed: r.numPassedTests,
  failed:
    r.numFailedTests + r.testResults.filter((f) => f.status === 'failed' && f.assertionResults.length === 0).length,
  skipped: r.numPendingTests + r.numTodoTests,
}))

if (process.argv.length === 2) {
  await ensureUi()
  const browser = path.join(reports, 'e2e.json')
  await run(bin('playwright'), ['test'], { env: { E2E_REPORT: browser } })
  count(browser, (r) => ({
    passed: r.stats.expected + r.stats.flaky,
    failed: r.stats.unexpected + r.errors.length,
    skipped: r.stats.skipped,
  }))
}
rmSync(reports, { recursive: true, force: true })
process.stdout.write(
  `${total.passed} passed, ${total.failed} failed${total.skipped ? `, ${total.skipped} skipped` : ''}\n`,
)
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0)

// A runner that broke before it could report is a failure, not an absence.
function count(file, read) {
  const found = existsSync(file) ? read(JSON.parse(readFileSync(file, 'utf8'))) : { passed: 0, failed: 1, skipped: 0 }
  for (const key of Object.keys(total)) total[key] += found[key]
}
