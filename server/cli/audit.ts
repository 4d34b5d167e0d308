import { sealAudit, verifyAudit } from '../audit-seals.ts'
import type { Globals } from '../cli.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print } from './output.ts'

/** Verifies the trail, or prints its last seal to be kept where no administrator of the database can reach it. */
export async function auditCommand(globals: Globals, what: string): Promise<void> {
  if (what !== 'verify' && what !== 'head')
    throw new CliError('Say what: liquor-agent audit verify, or liquor-agent audit head', exit.usage)
  await withContext(async (ctx) => {
    await sealAudit(ctx)
    const verdict = await verifyAudit(ctx, globals.signal)
    const head = verdict.head ? `seal ${verdict.head.number} ${verdict.head.hash}` : 'no seal yet'
    if (what === 'head') {
      print(globals, 'audit-head', { head: verdict.head }, () => [head])
      return
    }
    print(globals, 'audit', { ...verdict }, () => [
      `${verdict.lines} lines in ${verdict.seals} seals, ${verdict.redacted} with content taken by an erasure.`,
      ...verdict.faults.map((f) => `CHANGED seal ${f.seal}: ${f.fault}`),
      verdict.faults.length === 0 ? `Nothing was changed. ${head}` : 'The trail was changed outside the product.',
    ])
    if (verdict.faults.length > 0) process.exitCode = exit.failed
  })
}
