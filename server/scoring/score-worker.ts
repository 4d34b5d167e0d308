import { parentPort, workerData } from 'node:worker_threads'
// The types of the pool: int8 as number, date as text.
import '#db/pool.ts'
import { runScoring, type RunInput } from './run.ts'

// One scoring run in a thread of its own: fitting a million customers must not hold up an API request.
let told = 0
const result = await runScoring(workerData as RunInput, (done, total, message) => {
  if (Date.now() - told < 100 && done !== total) return
  told = Date.now()
  parentPort!.postMessage({ done, total, message })
})
parentPort!.postMessage({ result })
