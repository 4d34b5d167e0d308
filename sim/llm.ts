import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { characters, type Character, type Seen } from './llm/characters.ts'

/** What a client sent, as it left the shop. */
export interface Captured {
  model: string
  messages: { role: string; content: string }[]
  body: Record<string, unknown>
  authorization: string | null
}

export interface LlmSim {
  /** base URL for OPENAI_BASE_URL */
  url: string
  captured: Captured[]
  close(): Promise<void>
}

const maxBody = 4_000_000

/**
 * A server on loopback that speaks OpenAI's chat completions, streamed and whole. The name of the model chooses who
 * answers: good, repairing, illegal, malformed, slow, refusing, injected, obedient ... (llm/characters.ts). Same prompt,
 * same answer.
 */
export async function startLlmSim(options: { port?: number; key?: string } = {}): Promise<LlmSim> {
  const captured: Captured[] = []
  const open = new Set<ServerResponse>()
  const times = new Map<string, number>()

  const server = createServer((request, response) => {
    open.add(response)
    response.on('close', () => open.delete(response))
    void answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url?.endsWith('/models')) {
      json(response, 200, { object: 'list', data: Object.keys(characters).map((id) => ({ id, object: 'model' })) })
      return
    }
    if (request.method !== 'POST' || !request.url?.endsWith('/chat/completions')) {
      json(response, 404, { error: { message: 'Not found' } })
      return
    }
    const body = JSON.parse(await textOf(request)) as Record<string, unknown>
    const model = String(body['model'])
    const messages = body['messages'] as Captured['messages']
    const authorization = request.headers.authorization ?? null
    captured.push({ model, messages, body, authorization })
    if (options.key && authorization !== `Bearer ${options.key}`) {
      json(response, 401, { error: { message: 'Incorrect API key provided.' } })
      return
    }
    const character = characters[model]
    if (!character) {
      json(response, 404, { error: { message: `The model ${model} does not exist` } })
      return
    }
    const nth = (times.get(model) ?? 0) + 1
    times.set(model, nth)
    await play(character, { body, messages, nth }, response)
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    captured,
    async close() {
      for (const response of open) response.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function play(character: Character, seen: Seen, response: ServerResponse): Promise<void> {
  const said = character(seen)
  if (said.status) {
    for (const [name, value] of Object.entries(said.headers ?? {})) response.setHeader(name, value)
    json(response, said.status, { error: { message: said.text } })
    return
  }
  if (said.hang) return
  const { body } = seen
  const model = String(body['model'])
  const usage = {
    prompt_tokens: Math.ceil(JSON.stringify(seen.messages).length / 4),
    completion_tokens: Math.ceil(said.text.length / 4),
    total_tokens: 0,
  }
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens
  const base = { id: 'chatcmpl-sim', created: 0, model }
  const finish = said.finish ?? 'stop'
  if (body['stream'] !== true) {
    const message = { role: 'assistant', content: said.refusal ? null : said.text, refusal: said.refusal ?? null }
    json(response, 200, {
      ...base,
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: finish }],
      usage,
    })
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  const send = (part: object): void =>
    void response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...part })}\n\n`)
  const delta = (d: object, finish_reason: string | null = null): void =>
    send({ choices: [{ index: 0, delta: d, finish_reason }] })
  delta({ role: 'assistant', content: '' })
  if (said.refusal) delta({ refusal: said.refusal })
  const size = said.chunk ?? 400
  for (let i = 0; i < said.text.length && !response.destroyed; i += size) {
    delta({ content: said.text.slice(i, i + size) })
    if (said.pauseMs) await sleep(said.pauseMs)
  }
  if (response.destroyed) return
  if (said.drop) {
    response.destroy()
    return
  }
  delta({}, finish)
  const asked = body['stream_options'] as { include_usage?: boolean } | undefined
  if (asked?.include_usage) send({ choices: [], usage })
  response.end('data: [DONE]\n\n')
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBody) throw new Error('too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

// node sim/llm.ts [port]: a model to try the engine with, without key and without leaving the machine.
if (import.meta.main) {
  const sim = await startLlmSim({ port: Number(process.argv[2] ?? 8090) })
  process.stdout.write(
    `OPENAI_BASE_URL=${sim.url}\nOPENAI_MODEL=good   # or: ${Object.keys(characters).join(', ')}\nCtrl-C stops it.\n`,
  )
}
