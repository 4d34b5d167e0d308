import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'

export interface CompiledMjml {
  /** empty when it could not be compiled at all */
  html: string
  errors: { line: number | null; message: string }[]
}

const cache = new Map<string, CompiledMjml>()
const waiting = new Map<number, (result: CompiledMjml) => void>()
let worker: Worker | undefined
let rest: NodeJS.Timeout | undefined
let next = 0
const timeoutMs = 30_000

/** Compiles MJML beside the main thread (20 ms and more of CPU each); the last hundred results are kept by content. */
export async function compileMjml(source: string): Promise<CompiledMjml> {
  const key = createHash('sha256').update(source).digest('base64')
  const known = cache.get(key)
  if (known) return known
  const result = await ask(source)
  if (cache.size >= 100) cache.delete(cache.keys().next().value!)
  cache.set(key, result)
  return result
}

function ask(source: string): Promise<CompiledMjml> {
  clearTimeout(rest)
  const compiler = (worker ??= start())
  const id = next++
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      waiting.delete(id)
      stop()
      resolve({
        html: '',
        errors: [{ line: null, message: 'The template took too long to compile; make it smaller.' }],
      })
    }, timeoutMs)
    waiting.set(id, (result) => {
      clearTimeout(late)
      waiting.delete(id)
      // MJML holds 60 MB; a shop edits templates once in a while.
      if (waiting.size === 0) rest = setTimeout(stop, 20_000).unref()
      resolve(result)
    })
    compiler.postMessage({ id, source })
  })
}

function start(): Worker {
  const started = new Worker(new URL('./mjml-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  })
  started.unref()
  started.on('message', ({ id, html, errors }: CompiledMjml & { id: number }) => waiting.get(id)?.({ html, errors }))
  const fail = (error?: Error): void => {
    if (worker === started) worker = undefined
    for (const answer of waiting.values())
      answer({ html: '', errors: [{ line: null, message: error?.message ?? 'The MJML compiler stopped.' }] })
  }
  started.on('error', fail)
  started.on('exit', () => fail())
  return started
}

function stop(): void {
  void worker?.terminate()
  worker = undefined
}
