import { withTx } from '#db/pool.ts'
import type { Globals } from '../cli.ts'
import { rebuildRollups, reconcileRollups } from '../rollups.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print } from './output.ts'

/** Compares the sums with a recount, or makes them one. Ends with 5 when a check finds a difference. */
export async function rollups(globals: Globals, what: string): Promise<void> {
  if (what !== 'check' && what !== 'rebuild')
    throw new CliError(`There is nothing called ${what}; say check or rebuild.`, exit.usage)
  await withContext(async (ctx) => {
    if (what === 'rebuild') await withTx(ctx.pool, rebuildRollups)
    const detail = await reconcileRollups(ctx)
    const wrong = Object.values(detail).reduce((a, b) => a + b, 0)
    print(globals, 'rollups', { ...detail }, () => [
      wrong === 0
        ? 'Every sum equals a recount of events and orders.'
        : `${wrong} sums differ from a recount (hours ${detail['hours']}, days ${detail['days']}, orders ${detail['orders']}). Run: liquor-agent rollups rebuild`,
    ])
    if (wrong > 0) process.exitCode = exit.partly
  })
}
