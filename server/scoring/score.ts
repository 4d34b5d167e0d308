import { Worker } from 'node:worker_threads'
import type { Ctx } from '../context.ts'
import type { RunResult } from './run.ts'

export interface ScoreInput {
  asOf: Date
  onProgress?: (done: number, total: number, message: string) => void | Promise<void>
  signal?: AbortSignal
}

export interface ScoreResult extends RunResult {
  seconds: number
}

type Word = { result: RunResult } | { done: number; total: number; message: string }

/**
 * Scores every customer with a purchase as of an instant, and refreshes the eleven RFM segments. The work is done by a
 * worker thread; an abort ends the thread, its connections close, and everything is as it was.
 */
export async function scoreCustomers(
  ctx: Pick<Ctx, 'directUrl' | 'log' | 'clock'>,
  input: ScoreInput,
): Promise<ScoreResult> {
  const started = performance.now()
  const result = await runInThread(ctx, input)
  const seconds = Math.round(performance.now() - started) / 1000
  const { customers, model_version: modelVersion, method, verdict, timings } = result
  ctx.log.info({ customers, seconds, modelVersion, method, verdict, timings }, 'customers scored')
  return { ...result, seconds }
}

function runInThread(ctx: Pick<Ctx, 'directUrl' | 'clock'>, input: ScoreInput): Promise<RunResult> {
  const { signal } = input
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error)
    const worker = new Worker(new URL('./score-worker.ts', import.meta.url), {
      workerData: { databaseUrl: ctx.directUrl, asOfMs: input.asOf.getTime(), nowMs: ctx.clock().getTime() },
      resourceLimits: { maxOldGenerationSizeMb: 768 },
    })
    let ending: Error | undefined
    const abort = (): void => {
      ending ??= signal?.reason as Error
      void worker.terminate()
    }
    signal?.addEventListener('abort', abort)
    let result: RunResult | undefined
    // One report after the other: the receiver may write each into the database.
    let telling: Promise<void> = Promise.resolve()
    worker.on('message', (word: Word) => {
      if ('result' in word) {
        result = word.result
        return
      }
      telling = telling
        .then(() => input.onProgress?.(word.done, word.total, word.message))
        .catch((error: unknown) => {
          ending = error as Error
          void worker.terminate()
        })
    })
    worker.on('error', (error) => (ending ??= error))
    worker.on('exit', () => {
      signal?.removeEventListener('abort', abort)
      void telling.then(() => {
        if (result && !ending) resolve(result)
        else reject(ending ?? new Error('The scoring thread stopped before it was done.'))
      })
    })
  })
}
