import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { makeCertificate } from './certificate.ts'
import { happenings } from './recipients.ts'

export type Phase = 'banner' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'dot'

export interface SmtpSettings {
  /** none: plain only; starttls: offered; implicit: from the first byte */
  tls: 'none' | 'starttls' | 'implicit'
  /** user -> password; null: anybody */
  users: Map<string, string> | null
  /** cuts the connection when this is reached; `dot`: after the message was taken */
  dropAt: Phase | null
  /** a new pair of sender and recipient is put off until it comes again after this long */
  greylistMs: number | null
  /** says 421 after so many messages on one connection */
  messagesPerConnection: number | null
  /** answers MAIL with 452 after so many, and keeps the connection open, as OpenSMTPD does */
  mailsPerConnection: number | null
  /** milliseconds before each reply: a tarpit */
  delayMs: number
  /** largest message; null: any */
  size: number | null
  /** messages a second to one domain */
  perDomainPerSecond: number | null
  has8BitMime: boolean
}

export interface SmtpTaken {
  from: string
  to: string
  raw: string
  user: string | null
  isEncrypted: boolean
}

export interface SmtpServer {
  host: string
  port: number
  settings: SmtpSettings
  taken: SmtpTaken[]
  connections: number
  close(): Promise<void>
}

/**
 * A mail server as strict and as moody as real ones: STARTTLS, AUTH, greylisting, limits, tarpits, and cuts in every
 * phase. Addresses that begin with bounce+, soft+ or defer+ are refused as the name says. For speed there is
 * sim/smtp-sink.ts.
 */
export async function startSmtpServer(
  given: Partial<SmtpSettings> = {},
  options: { host?: string; certificateDays?: number } = {},
): Promise<SmtpServer> {
  const { pem, privateKey } = makeCertificate('mail.sim.test', options.certificateDays ?? 30)
  const context = createSecureContext({ cert: pem, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) })
  const sockets = new Set<Socket>()
  const seen = new Map<string, number>()
  const counted = new Map<string, { second: number; n: number }>()
  const server: SmtpServer = {
    host: options.host ?? '127.0.0.1',
    port: 0,
    settings: {
      tls: 'none',
      users: null,
      dropAt: null,
      greylistMs: null,
      messagesPerConnection: null,
      mailsPerConnection: null,
      delayMs: 0,
      size: null,
      perDomainPerSecond: null,
      has8BitMime: true,
      ...given,
    },
    taken: [],
    connections: 0,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => listener.close(() => resolve()))
    },
  }
  const listener = createServer((socket) => {
    server.connections += 1
    keep(socket)
    serve(server.settings.tls === 'implicit' ? secured(socket) : socket, server.settings.tls === 'implicit')
  })

  function keep(socket: Socket): void {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }

  function secured(socket: Socket): Socket {
    const upgraded = new TLSSocket(socket, { isServer: true, secureContext: context })
    keep(upgraded)
    return upgraded
  }

  function serve(socket: Socket, isEncrypted: boolean, isAgain = false): void {
    const { settings } = server
    let buffer = ''
    let inBody = false
    let user: string | null = null
    let login: 'user' | 'password' | 'plain' | null = null
    let loginName = ''
    let from = ''
    let to = ''
    let done = 0
    let hasSender = false
    let isClosed = false
    const reply = (line: string): void => {
      const write = (): void => void (socket.destroyed || socket.write(line + '\r\n'))
      if (settings.delayMs > 0) setTimeout(write, settings.delayMs).unref()
      else write()
    }
    const cut = (phase: Phase): boolean => {
      if (settings.dropAt !== phase) return false
      isClosed = true
      socket.destroy()
      return true
    }
    if (!isAgain && cut('banner')) return
    if (!isAgain) reply('220 mail.sim.test ESMTP')
    socket.setEncoding('latin1')
    const onData = (chunk: string): void => {
      buffer += chunk
      while (!isClosed) {
        const end = inBody ? buffer.indexOf('\r\n.\r\n') : buffer.indexOf('\r\n')
        if (end < 0) return
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + (inBody ? 5 : 2))
        if (inBody) take(line)
        else command(line)
      }
    }
    socket.on('data', onData)

    function command(line: string): void {
      if (login) return signIn(line)
      const [verb = '', ...rest] = line.split(' ')
      const text = rest.join(' ')
      switch (verb.toUpperCase()) {
        case 'EHLO': {
          if (cut('ehlo')) return
          const offers = [
            'mail.sim.test',
            'PIPELINING',
            ...(settings.size === null ? [] : [`SIZE ${settings.size}`]),
            ...(settings.has8BitMime ? ['8BITMIME'] : []),
            ...(settings.tls === 'starttls' && !isEncrypted ? ['STARTTLS'] : []),
            ...(settings.users ? ['AUTH PLAIN LOGIN'] : []),
          ]
          return reply(offers.map((o, i) => `250${i < offers.length - 1 ? '-' : ' '}${o}`).join('\r\n'))
        }
        case 'STARTTLS':
          if (settings.tls !== 'starttls') return reply('502 5.5.1 not offered')
          isClosed = true
          socket.off('data', onData)
          socket.write('220 2.0.0 go ahead\r\n')
          return serve(secured(socket), true, true)
        case 'AUTH': {
          const [method = '', initial] = rest
          if (method.toUpperCase() === 'PLAIN') {
            login = 'plain'
            return initial ? signIn(initial) : reply('334 ')
          }
          login = 'user'
          return initial ? signIn(initial) : reply('334 VXNlcm5hbWU6')
        }
        case 'MAIL': {
          hasSender = false
          if (settings.mailsPerConnection !== null && done >= settings.mailsPerConnection)
            return reply('452 4.3.2 Too many messages sent')
          if (cut('mail')) return
          if (settings.users && !user) return reply('530 5.7.0 sign in first')
          const announced = Number(/SIZE=(\d+)/i.exec(text)?.[1] ?? 0)
          if (settings.size !== null && announced > settings.size) return reply('552 5.3.4 message too big')
          from = /<([^>]*)>/.exec(text)?.[1] ?? ''
          to = ''
          hasSender = true
          return reply('250 2.1.0 ok')
        }
        case 'RCPT': {
          if (cut('rcpt')) return
          if (!hasSender) return reply('503 5.5.1 MAIL first')
          const address = /<([^>]*)>/.exec(text)?.[1] ?? ''
          const refusal = refuse(from, address)
          if (!refusal) to = address
          return reply(refusal ?? '250 2.1.5 ok')
        }
        case 'DATA':
          if (cut('data')) return
          if (!hasSender || to === '') return reply('554 5.5.1 no valid recipients')
          inBody = true
          return reply('354 go')
        case 'QUIT':
          isClosed = true
          return void socket.end('221 2.0.0 bye\r\n')
        case 'RSET':
        case 'NOOP':
          return reply('250 2.0.0 ok')
        default:
          return reply('502 5.5.1 what?')
      }
    }

    function signIn(line: string): void {
      const word = Buffer.from(line, 'base64').toString('utf8')
      if (login === 'user') {
        loginName = word
        login = 'password'
        return reply('334 UGFzc3dvcmQ6')
      }
      const [name, password] = login === 'plain' ? word.split('\u0000').slice(1) : [loginName, word]
      login = null
      if (settings.users?.get(name ?? '') !== password) return reply('535 5.7.8 user or password is wrong')
      user = name ?? null
      reply('235 2.7.0 welcome')
    }

    function take(raw: string): void {
      inBody = false
      if (settings.size !== null && raw.length > settings.size) return reply('552 5.3.4 message too big')
      server.taken.push({ from, to, raw: raw.replace(/\r\n\.\./g, '\r\n.') + '\r\n', user, isEncrypted })
      if (cut('dot')) return
      done += 1
      if (settings.messagesPerConnection !== null && done >= settings.messagesPerConnection) {
        isClosed = true
        return void socket.end('250 2.0.0 taken\r\n421 4.7.0 enough for one connection\r\n')
      }
      reply('250 2.0.0 taken')
    }
  }

  function refuse(from: string, to: string): string | null {
    const [first] = happenings(to, null, () => 1)
    if (first === 'bounced') return '550 5.1.1 no such user'
    if (first === 'soft_bounced') return '552 5.2.2 mailbox full'
    if (first === 'deferred') return '451 4.3.0 try again later'
    const { greylistMs, perDomainPerSecond } = server.settings
    if (greylistMs !== null) {
      const key = `${from} ${to}`
      const since = seen.get(key)
      if (since === undefined) seen.set(key, Date.now())
      if (since === undefined || Date.now() - since < greylistMs) return '451 4.7.1 greylisted, come back later'
    }
    if (perDomainPerSecond !== null) {
      const domain = to.slice(to.indexOf('@') + 1)
      const second = Math.floor(Date.now() / 1000)
      const now = counted.get(domain)
      const n = now?.second === second ? now.n + 1 : 1
      counted.set(domain, { second, n })
      if (n > perDomainPerSecond) return '450 4.7.28 too many messages to this domain'
    }
    return null
  }

  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject)
    listener.listen(0, server.host, resolve)
  })
  server.port = (listener.address() as AddressInfo).port
  return server
}
