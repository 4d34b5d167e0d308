import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface SinkFaults {
  /** share 0..1 of connections dropped without a greeting */
  dropAtConnect?: number
  /** share of messages whose connection is cut when the body has arrived, before the reply: taken, but nobody knows */
  dropAfterData?: number
  /** share of messages cut before the body is asked for */
  dropBeforeData?: number
  /** answers RCPT with this reply, e.g. "550 5.1.1 no such user" or "451 4.7.1 try later" */
  rcptReply?: (recipient: string) => string | null
  /** answers the end of the body with this reply instead of 250; the message is then not taken */
  dataReply?: (recipient: string) => string | null
}

export interface SinkMessage {
  from: string
  to: string
  messageId: string
  sendId: string
  raw: string
}

export interface SmtpSink {
  port: number
  /** messages taken: answered with 250, or cut afterwards */
  accepted: number
  connections: number
  /** answered with 421 because there were too many */
  refusedConnections: number
  bytes: number
  /** how often each Message-ID was taken */
  copies: Map<string, number>
  messages: SinkMessage[]
  faults: SinkFaults
  latencyMs: number
  close(): Promise<void>
}

/**
 * An SMTP server that takes everything and forgets it: counts, keeps bodies when asked to, answers late, and breaks as
 * told. Raw TCP with PIPELINING, so that it is not the slower end of a measurement.
 */
export async function startSmtpSink(
  options: {
    port?: number
    latencyMs?: number
    keep?: boolean
    faults?: SinkFaults
    random?: () => number
    /** further ones are greeted with 421 */
    mostConnections?: number
  } = {},
): Promise<SmtpSink> {
  const random = options.random ?? Math.random
  const sockets = new Set<Socket>()
  const server = createServer((socket) => serve(socket))
  const sink: SmtpSink = {
    port: 0,
    accepted: 0,
    connections: 0,
    refusedConnections: 0,
    bytes: 0,
    copies: new Map(),
    messages: [],
    faults: options.faults ?? {},
    latencyMs: options.latencyMs ?? 0,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  const hits = (share: number | undefined): boolean => share !== undefined && share > 0 && random() < share

  function serve(socket: Socket): void {
    sink.connections += 1
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (hits(sink.faults.dropAtConnect)) return void socket.destroy()
    if (sockets.size > (options.mostConnections ?? Infinity)) {
      sink.refusedConnections += 1
      return void socket.end('421 4.7.0 too many connections from your address\r\n')
    }
    let buffer = ''
    let inBody = false
    let busy = false
    /** how much of the buffer holds no end of a body */
    let searched = 0
    let from = ''
    let to = ''
    const reply = (line: string): void => void (socket.destroyed || socket.write(line + '\r\n'))
    reply('220 sink ESMTP')
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      sink.bytes += chunk.length
      buffer += chunk
      if (!busy) read()
    })

    function read(): void {
      for (;;) {
        if (inBody) {
          const end = buffer.startsWith('.\r\n') ? 0 : buffer.indexOf('\r\n.\r\n', searched)
          if (end < 0) return void (searched = Math.max(0, buffer.length - 4))
          searched = 0
          const raw = buffer.slice(0, end)
          buffer = buffer.slice(end + (raw === '' ? 3 : 5))
          inBody = false
          if (sink.latencyMs > 0) {
            busy = true
            setTimeout(() => {
              busy = false
              take(raw)
              read()
            }, sink.latencyMs)
            return
          }
          take(raw)
          continue
        }
        const end = buffer.indexOf('\r\n')
        if (end < 0) return
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        if (!command(line)) return
      }
    }

    function command(line: string): boolean {
      const verb = line.slice(0, 4).toUpperCase()
      if (verb === 'EHLO') reply('250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 52428800')
      else if (verb === 'MAIL') {
        from = /<([^>]*)>/.exec(line)?.[1] ?? ''
        to = ''
        reply('250 2.1.0 ok')
      } else if (verb === 'RCPT') {
        const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
        const refused = sink.faults.rcptReply?.(address) ?? null
        if (!refused) to = address
        reply(refused ?? '250 2.1.5 ok')
      } else if (verb === 'DATA') {
        if (hits(sink.faults.dropBeforeData)) {
          socket.destroy()
          return false
        }
        if (to === '') reply('554 5.5.1 no valid recipients')
        else {
          inBody = true
          reply('354 go')
        }
      } else if (verb === 'QUIT') {
        reply('221 2.0.0 bye')
        socket.end()
        return false
      } else reply(['RSET', 'NOOP', 'HELO'].includes(verb) ? '250 2.0.0 ok' : '502 5.5.1 what?')
      return true
    }

    function take(raw: string): void {
      const refused = sink.faults.dataReply?.(to) ?? null
      if (refused) return reply(refused)
      sink.accepted += 1
      const [head = ''] = raw.split('\r\n\r\n', 1)
      // A copy: a piece of the message would keep the whole of it in memory.
      const messageId = Buffer.from(/^message-id:\s*(\S+)/im.exec(head)?.[1] ?? '', 'latin1').toString('latin1')
      sink.copies.set(messageId, (sink.copies.get(messageId) ?? 0) + 1)
      if (options.keep)
        sink.messages.push({
          from,
          to,
          messageId,
          sendId: /^x-send-id:\s*(\S+)/im.exec(raw)?.[1] ?? '',
          raw: raw.replace(/\r\n\.\./g, '\r\n.') + '\r\n',
        })
      if (hits(sink.faults.dropAfterData)) return void socket.destroy()
      reply('250 2.0.0 taken')
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  sink.port = (server.address() as AddressInfo).port
  return sink
}

if (import.meta.main) {
  const { values } = (await import('node:util')).parseArgs({
    options: {
      port: { type: 'string', default: '2525' },
      latency: { type: 'string', default: '0' },
      'drop-after-data': { type: 'string', default: '0' },
    },
  })
  const sink = await startSmtpSink({
    port: Number(values.port),
    latencyMs: Number(values.latency),
    faults: { dropAfterData: Number(values['drop-after-data']) },
  })
  process.stderr.write(`SMTP sink on 127.0.0.1:${sink.port}\n`)
  const report = (): boolean =>
    process.stdout.write(
      JSON.stringify({ accepted: sink.accepted, distinct: sink.copies.size, bytes: sink.bytes }) + '\n',
    )
  process.once('SIGTERM', () => void (report(), process.exit(0)))
  process.once('SIGINT', () => void (report(), process.exit(0)))
}
