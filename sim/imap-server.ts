import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface ImapMessage {
  uid: number
  raw: string
  flags: Set<string>
}

export interface ImapServer {
  port: number
  messages: ImapMessage[]
  add(raw: string): ImapMessage
  logins: number
  close(): Promise<void>
}

/**
 * An IMAP server (RFC 3501) with one INBOX, as much of it as a reader of bounces needs: LOGIN, SELECT, UID SEARCH UNSEEN,
 * UID FETCH of sources, UID STORE of flags. For tests; no TLS.
 */
export async function startImapServer(options: { user: string; password: string }): Promise<ImapServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setEncoding('latin1')
    const say = (line: string): void => void (socket.destroyed || socket.write(`${line}\r\n`, 'latin1'))
    say('* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready')
    let buffer = ''
    socket.on('data', (chunk: string) => {
      buffer += chunk
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const line = buffer.slice(0, end)
        buffer = buffer.slice(end + 2)
        command(socket, line, say)
      }
    })
  })
  const imap: ImapServer = {
    port: 0,
    messages: [],
    logins: 0,
    add(raw) {
      const message = { uid: imap.messages.length + 1, raw, flags: new Set<string>() }
      imap.messages.push(message)
      return message
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  const waiting = new WeakMap<Socket, string>()

  function command(socket: Socket, line: string, say: (line: string) => void): void {
    const pending = waiting.get(socket)
    if (pending) {
      waiting.delete(socket)
      const [, user, password] = Buffer.from(line, 'base64').toString('utf8').split('\u0000')
      return signIn(pending, user, password, say)
    }
    const [tag = '*', verb = '', ...rest] = line.split(' ')
    const text = rest.join(' ')
    switch (verb.toUpperCase()) {
      case 'CAPABILITY':
        say('* CAPABILITY IMAP4rev1 AUTH=PLAIN')
        return say(`${tag} OK done`)
      case 'AUTHENTICATE':
        waiting.set(socket, tag)
        if (rest[1]) return command(socket, rest[1], say)
        return say('+ ')
      case 'LOGIN': {
        const [user, password] = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((m) => m[1] ?? m[2])
        return signIn(tag, user, password, say)
      }
      case 'LIST':
      case 'LSUB':
        say(`* ${verb.toUpperCase()} () "/" INBOX`)
        return say(`${tag} OK done`)
      case 'SELECT':
        say(`* ${imap.messages.length} EXISTS`)
        say('* FLAGS (\\Seen \\Flagged \\Deleted)')
        say('* OK [PERMANENTFLAGS (\\Seen \\Flagged \\Deleted)] flags')
        say('* OK [UIDVALIDITY 1] valid')
        say(`* OK [UIDNEXT ${imap.messages.length + 1}] next`)
        return say(`${tag} OK [READ-WRITE] selected`)
      case 'UID':
        return uid(tag, text, say, socket)
      case 'LOGOUT':
        say('* BYE see you')
        say(`${tag} OK done`)
        return void socket.end()
      default:
        return say(`${tag} OK ignored`)
    }
  }

  function signIn(
    tag: string,
    user: string | undefined,
    password: string | undefined,
    say: (line: string) => void,
  ): void {
    if (user !== options.user || password !== options.password)
      return say(`${tag} NO [AUTHENTICATIONFAILED] user or password is wrong`)
    imap.logins += 1
    say(`${tag} OK signed in`)
  }

  function uid(tag: string, text: string, say: (line: string) => void, socket: Socket): void {
    const [what = '', set = '', ...rest] = text.split(' ')
    if (what.toUpperCase() === 'SEARCH') {
      const unseen = imap.messages.filter((m) => !m.flags.has('\\Seen')).map((m) => m.uid)
      say(`* SEARCH${unseen.map((u) => ` ${u}`).join('')}`)
      return say(`${tag} OK done`)
    }
    const message = imap.messages.find((m) => String(m.uid) === set)
    if (!message) return say(`${tag} OK nothing`)
    if (what.toUpperCase() === 'STORE') {
      for (const flag of rest.join(' ').match(/\\\w+/g) ?? []) message.flags.add(flag)
      say(`* ${message.uid} FETCH (UID ${message.uid} FLAGS (${[...message.flags].join(' ')}))`)
    } else {
      const part = /BODY(?:\.PEEK)?\[\](?:<(\d+)\.(\d+)>)?/i.exec(rest.join(' '))
      const raw = part?.[2] ? message.raw.slice(Number(part[1]), Number(part[1]) + Number(part[2])) : message.raw
      const name = part?.[2] ? `BODY[]<${part[1]}>` : 'BODY[]'
      socket.write(
        `* ${message.uid} FETCH (UID ${message.uid} INTERNALDATE "26-Nov-2026 12:00:00 +0000" ${name} {${raw.length}}\r\n${raw})\r\n`,
        'latin1',
      )
    }
    say(`${tag} OK done`)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  imap.port = (server.address() as AddressInfo).port
  return imap
}
