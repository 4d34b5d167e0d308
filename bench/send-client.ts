import { createReadStream } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import nodemailer from 'nodemailer'
import { readConfig } from '#server/config.ts'
import { closeContext, createContext } from '#server/context.ts'
import { dispatchOnce } from '#server/dispatch/dispatcher.ts'
import { peakMb } from './peak-memory.ts'

/** One client of bench/send.ts in a process of its own, so that its CPU can be told from that of the others. */
export interface ClientReport {
  messages: number
  seconds: number
  cpuSeconds: number
  peakMb: number
}

/** A finished message as bench/send.ts wrote it down. */
export interface StoredMessage {
  from: string
  to: string
  subject: string
  html: string
  text: string
  headers: [string, string][]
  messageId: string
  mime: string
}

const [mode = '', port = '', connections = '', file = ''] = process.argv.slice(2)
const before = process.cpuUsage()
const began = performance.now()
const messages =
  mode === 'product' ? await product() : mode === 'nodemailer' ? await viaNodemailer() : await viaBareSocket()
const cpu = process.cpuUsage(before)
const report: ClientReport = {
  messages,
  seconds: (performance.now() - began) / 1000,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  peakMb: peakMb(),
}
process.stdout.write(JSON.stringify(report) + '\n')

/** The whole of dispatch: leases, gate, rendering, attempts, delivery, results, events. */
async function product(): Promise<number> {
  const config = readConfig()
  const ctx = createContext(config, config.databaseUrl!)
  const { sent } = await dispatchOnce(ctx, { patienceMs: 0 })
  await closeContext(ctx)
  return sent
}

async function* stored(): AsyncGenerator<StoredMessage> {
  for await (const line of createInterface({ input: createReadStream(file) })) yield JSON.parse(line) as StoredMessage
}

/** What most senders are: a loop over a pool, with nothing kept. */
async function viaNodemailer(): Promise<number> {
  const transport = nodemailer.createTransport({
    pool: true,
    host: '127.0.0.1',
    port: Number(port),
    maxConnections: Number(connections),
    maxMessages: Infinity,
  })
  const running = new Set<Promise<unknown>>()
  let sent = 0
  for await (const m of stored()) {
    const sending = transport
      .sendMail({
        from: m.from,
        to: m.to,
        subject: m.subject,
        html: m.html,
        text: m.text,
        messageId: m.messageId,
        headers: Object.fromEntries(m.headers),
      })
      .then(() => (sent += 1))
      .finally(() => running.delete(sending))
    running.add(sending)
    if (running.size >= Number(connections) * 2) await Promise.race(running)
  }
  await Promise.all(running)
  transport.close()
  return sent
}

/** The floor: finished bytes over pipelined sockets, replies counted and not understood. */
async function viaBareSocket(): Promise<number> {
  const all: StoredMessage[] = []
  for await (const m of stored()) all.push(m)
  let next = 0
  let sent = 0
  const line = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(Number(port), '127.0.0.1')
      let step: 'greeting' | 'hello' | 'envelope' | 'body' = 'greeting'
      let current: StoredMessage | undefined
      let seen = ''
      const envelope = (): void => {
        current = all[next++]
        if (!current) return void socket.end('QUIT\r\n')
        step = 'envelope'
        socket.write(`MAIL FROM:<${current.from.replace(/.*<|>.*/g, '')}>\r\nRCPT TO:<${current.to}>\r\nDATA\r\n`)
      }
      socket.setEncoding('latin1')
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.on('data', (chunk: string) => {
        seen += chunk
        if (step === 'greeting' && seen.includes('220')) {
          step = 'hello'
          seen = ''
          socket.write('EHLO bench\r\n')
        } else if (step === 'hello' && /250 [^\r]*\r\n/.test(seen)) {
          seen = ''
          envelope()
        } else if (step === 'envelope' && seen.includes('354')) {
          step = 'body'
          seen = ''
          socket.write(current!.mime + '.\r\n', 'latin1')
        } else if (step === 'body' && seen.includes('250')) {
          seen = ''
          sent += 1
          envelope()
        }
      })
    })
  await Promise.all(Array.from({ length: Number(connections) }, line))
  return sent
}
