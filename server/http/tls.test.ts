import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request as plain } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Agent, WebSocket } from 'undici'
import { createUser } from '#server/accounts/users.ts'
import { systemActor } from '#server/audit.ts'
import { readConfig } from '#server/config.ts'
import type { Ctx } from '#server/context.ts'
import { checkCertificate } from '#server/system/certificate-check.ts'
import { testContext } from '#test/context.ts'
import { createApp } from './app.ts'
import { createRedirects, followCertificate, readCertificate } from './tls.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'lma-tls-'))
const at = (name: string): string => path.join(folder, name)
/** A certificate that signs itself, as any shop can make one. */
function make(name: string, names = 'DNS:localhost,IP:127.0.0.1', days = 30): { cert: string; key: string } {
  const pair = { cert: at(`${name}.pem`), key: at(`${name}.key`) }
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      String(days),
    ].concat(['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`, '-keyout', pair.key, '-out', pair.cert]),
    { stdio: 'ignore' },
  )
  return pair
}
const files = make('first')
const served = { cert: at('served.pem'), key: at('served.key') }
copyFileSync(files.cert, served.cert)
copyFileSync(files.key, served.key)
const { cert: trusted } = readCertificate(files)

let ctx: Ctx
let port = 0
beforeAll(async () => {
  ctx = await testContext({ config: { tls: served, publicUrl: 'https://localhost' } })
  await createUser(ctx, systemActor, {
    email: 'admin@shop.test',
    password: 'a long test password',
    fullName: 'admin',
    role: 'admin',
  })
  const app = await createApp(ctx)
  await app.listen({ port: 0, host: '127.0.0.1' })
  port = (app.server.address() as AddressInfo).port
  afterAll(() => app.close())
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}
function ask(
  method: string,
  url: string,
  body?: object,
  ca: tls.SecureContextOptions['ca'] = trusted,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-type': 'application/json' } : {}
    request({ host: '127.0.0.1', port, path: url, method, ca, headers, servername: 'localhost' }, (answer) => {
      let text = ''
      answer.on('data', (part: Buffer) => (text += part.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }))
    })
      .on('error', reject)
      .end(body ? JSON.stringify(body) : undefined)
  })
}
/** The protocol that both sides agree on, and whose certificate it is; throws what went wrong. */
function shake(options: tls.ConnectionOptions): Promise<{ protocol: string | null; name: string }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: trusted, ...options }, () => {
      resolve({ protocol: socket.getProtocol(), name: String(socket.getPeerCertificate().subject.CN) })
      socket.end()
    })
    socket.on('error', reject)
  })
}

test('with a certificate the API itself speaks https: TLS 1.2 and up, HSTS, secure cookies, sockets', async () => {
  expect(await shake({ maxVersion: 'TLSv1.3' })).toEqual({ protocol: 'TLSv1.3', name: 'first' })
  expect(await shake({ maxVersion: 'TLSv1.2' })).toEqual({ protocol: 'TLSv1.2', name: 'first' })
  await expect(
    shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  ).rejects.toMatchObject({ code: expect.stringMatching(/PROTOCOL_VERSION|UNSUPPORTED|ECONNRESET/) as string })
  // Nobody is let through who is not who the browser asked for.
  await expect(shake({ ca: [] })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  await expect(shake({ servername: 'evil.test' })).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })

  const live = await ask('GET', '/health/live')
  expect(live.status).toBe(200)
  expect(live.headers['strict-transport-security']).toMatch(/max-age=31536000/)
  const login = await ask('POST', '/api/v1/auth/login', { email: 'admin@shop.test', password: 'a long test password' })
  expect(login.status, login.body).toBe(200)
  expect(login.headers['set-cookie']?.[0]).toMatch(/^__Host-lma_refresh=.*; Path=\/; HttpOnly; Secure; SameSite=Lax/)

  const dispatcher = new Agent({ connect: { ca: trusted as Buffer } })
  const socket = new WebSocket(`wss://localhost:${port}/ws/analytics`, { dispatcher })
  const opened = await new Promise((resolve) => {
    socket.addEventListener('open', () => resolve(true))
    socket.addEventListener('error', () => resolve(false))
  })
  expect(opened).toBe(true)
  socket.close()
  await dispatcher.destroy()
})

test('http on the https port is no answer, and the other port only sends browsers over', async () => {
  const spoken = (to: number, method: string, url: string): Promise<Answer | string> =>
    new Promise((resolve) => {
      plain({ host: '127.0.0.1', port: to, path: url, method }, (answer) => {
        let text = ''
        answer.on('data', (part: Buffer) => (text += part.toString()))
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }))
      })
        .on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message))
        .end()
    })
  expect(await spoken(port, 'GET', '/health/live')).toMatch(/ECONNRESET|socket hang up|HPE/)

  const redirects = createRedirects({ publicUrl: 'https://shop.example' })
  await new Promise<void>((resolve) => redirects.listen(0, '127.0.0.1', resolve))
  const to = (redirects.address() as AddressInfo).port
  expect(await spoken(to, 'GET', '/customers?q=x')).toMatchObject({
    status: 308,
    headers: { location: 'https://shop.example/customers?q=x' },
  })
  // The host is never taken from the request, and what looks like another host is a path of ours.
  expect(await spoken(to, 'GET', '//evil.test/x')).toMatchObject({
    headers: { location: 'https://shop.example//evil.test/x' },
  })
  expect(await spoken(to, 'GET', '/api/v1/customers')).toMatchObject({ status: 403 })
  expect(await spoken(to, 'POST', '/')).toMatchObject({
    status: 403,
    body: expect.stringContaining('tls.required') as string,
  })
  redirects.close()
})

test('a renewed certificate is served without a restart, on SIGHUP and by the file alone; a broken one is not', async () => {
  const second = make('second')
  const third = make('third')
  const put = (pair: { cert: string; key: string }, to = served): void => {
    for (const part of ['cert', 'key'] as const) {
      copyFileSync(pair[part], `${to[part]}.new`)
      renameSync(`${to[part]}.new`, to[part])
    }
  }
  const ca = [files, second, third].map((f) => readCertificate(f).cert as Buffer)
  const name = async (): Promise<string> => (await shake({ ca })).name
  const open = tls.connect({ host: '127.0.0.1', port, servername: 'localhost', ca: trusted })
  await new Promise((resolve) => open.once('secureConnect', resolve))
  put(second)
  process.emit('SIGHUP')
  expect(await name()).toBe('second')
  // Who was connected stays so.
  expect(open.destroyed).toBe(false)
  open.destroy()

  // A key that does not fit, as between the two writes of a renewal, or rubbish: what is served stays.
  for (const broken of [
    { cert: third.cert, key: second.key },
    { cert: at('rubbish'), key: second.key },
  ]) {
    writeFileSync(at('rubbish'), 'rubbish')
    put(broken)
    process.emit('SIGHUP')
    expect(await name()).toBe('second')
  }
  const alone = { cert: at('alone.pem'), key: at('alone.key') }
  put(files, alone)
  const server = tls.createServer(readCertificate(alone), (socket) => socket.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = followCertificate(server as never, alone, ctx.log, 50)
  put(third, alone)
  const other = (server.address() as AddressInfo).port
  await expect.poll(async () => (await shake({ ca, port: other })).name, { timeout: 10_000 }).toBe('third')
  stop()
  server.close()
})

test('the doctor says for whom the certificate is and when it ends; settings that do not fit stop the start', () => {
  const look = (pair: { cert: string; key: string }, publicUrl = 'https://localhost:8443', now = new Date()) =>
    checkCertificate({ config: { ...ctx.config, tls: pair, publicUrl }, clock: () => now })[0]
  const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000)
  expect(look(files)).toMatchObject({ level: 'ok', detail: expect.stringContaining('for localhost, until') as string })
  expect(look(files, 'https://127.0.0.1')).toMatchObject({ level: 'ok' })
  expect(look(files, 'https://shop.example')).toMatchObject({
    level: 'bad',
    detail: expect.stringContaining('is not for shop.example') as string,
  })
  expect(look(files, undefined, inDays(20))).toMatchObject({
    level: 'warn',
    detail: expect.stringContaining('in 9 days') as string,
  })
  expect(look(files, undefined, inDays(31))).toMatchObject({
    level: 'bad',
    detail: expect.stringContaining('ended on') as string,
  })
  expect(look(files, undefined, inDays(-1))).toMatchObject({ level: 'bad' })
  expect(look({ cert: at('absent.pem'), key: files.key })).toMatchObject({
    level: 'bad',
    detail: expect.stringContaining('ENOENT') as string,
  })
  expect(checkCertificate({ config: { ...ctx.config, tls: null }, clock: () => new Date() })).toEqual([])

  const read = (env: Record<string, string>) => readConfig({ LMA_SECRET: ctx.config.secret, ...env })
  expect(read({ LMA_TLS_CERT: files.cert, LMA_TLS_KEY: files.key, PORT: '8443' })).toMatchObject({
    tls: files,
    publicUrl: 'https://localhost:8443',
  })
  for (const [env, sentence] of [
    [{ LMA_TLS_CERT: files.cert }, /LMA_TLS_KEY is missing/],
    [{ LMA_TLS_KEY: files.key }, /LMA_TLS_CERT is missing/],
    [{ LMA_TLS_CERT: files.cert, LMA_TLS_KEY: files.key, PUBLIC_URL: 'http://shop.example' }, /Write https:/],
    [{ LMA_REDIRECT_PORT: '80' }, /not set up/],
  ] as [Record<string, string>, RegExp][])
    expect(() => read(env)).toThrow(sentence)
})
