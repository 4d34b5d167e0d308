import { closeContext, createContext } from '#server/context.ts'
import { readConfig } from '#server/config.ts'
import { keepDuty } from '#server/duties.ts'
import { createLog } from '#server/log.ts'

// One of several workers that share a duty: writes down each slot of time it got, until there are enough of them.
const config = readConfig()
const ctx = createContext(config, config.databaseUrl!, { log: createLog('silent'), poolSize: 2 })
const most = Number(process.env['TICKS'])
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
await keepDuty(
  ctx,
  {
    name: 'test',
    everyMs: Number(process.env['EVERY_MS']),
    run: async () => {
      const { rows } = await ctx.pool.query<{ n: number }>(
        `with made as (insert into fired (tick, pid) select duties.tick, $1 from duties where duties.name = 'test' returning 1)
         select count(*) + 1 as n from fired`,
        [process.pid],
      )
      if (rows[0]!.n >= most) stop.abort()
    },
  },
  stop.signal,
)
await closeContext(ctx)
process.exit(0)
