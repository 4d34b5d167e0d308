import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { StartupError } from '#db/startup.ts'
import type { Config } from '../config.ts'
import type { Log } from '../log.ts'

type Files = NonNullable<Config['tls']>

/** Certificate and key as they are on the disk now. Throws StartupError with one sentence when they cannot serve. */
export function readCertificate({ cert, key }: Files): SecureContextOptions & { certificate: X509Certificate } {
  const read = (file: string, variable: string): Buffer => {
    try {
      return readFileSync(file)
    } catch (error) {
      throw new StartupError(
        `${variable} names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'}). Correct the path, or let this user read it.`,
      )
    }
  }
  const files = { cert: read(cert, 'LMA_TLS_CERT'), key: read(key, 'LMA_TLS_KEY') }
  let certificate: X509Certificate
  let fits: boolean
  try {
    certificate = new X509Certificate(files.cert)
    fits = certificate.checkPrivateKey(createPrivateKey(files.key))
  } catch {
    throw new StartupError(
      `LMA_TLS_CERT and LMA_TLS_KEY must be PEM files: the certificate with those between it and its authority, and its key without a password.`,
    )
  }
  if (!fits) throw new StartupError(`The key in ${key} does not belong to the certificate in ${cert}.`)
  // Below 1.2 everything is broken, and no browser of this decade needs it.
  return { ...files, minVersion: 'TLSv1.2', certificate }
}

const lookEveryMs = 10_000

/**
 * Takes a renewed certificate into use without a restart: on SIGHUP at once, else within ten seconds after a file changed.
 * While the two files do not fit each other the old certificate stays. Returns how to stop.
 */
export function followCertificate(server: HttpsServer, files: Files, log: Log, everyMs = lookEveryMs): () => void {
  const renew = (): void => {
    try {
      const { certificate, ...options } = readCertificate(files)
      server.setSecureContext(options)
      log.info({ valid_to: certificate.validToDate.toISOString() }, 'the certificate was read anew')
    } catch (err) {
      log.error({ err: err as Error }, 'the new certificate cannot be used, the old one stays')
    }
  }
  const places = [files.cert, files.key]
  for (const place of places) watchFile(place, { interval: everyMs, persistent: false }, renew)
  process.on('SIGHUP', renew)
  return () => {
    for (const place of places) unwatchFile(place, renew)
    process.off('SIGHUP', renew)
  }
}

/** Without TLS: sends browsers that come with http:// to the shop's address, and refuses programs, whose secrets are out. */
export function createRedirects({ publicUrl }: Pick<Config, 'publicUrl'>): Server {
  return createServer({ requestTimeout: 10_000 }, (request, response) => {
    const isPage = request.method === 'GET' || request.method === 'HEAD'
    if (isPage && request.url?.startsWith('/') && !request.url.startsWith('/api/')) {
      response.writeHead(308, { location: publicUrl + request.url, 'content-length': 0 })
      response.end()
      return
    }
    response.writeHead(403, { 'content-type': 'application/problem+json', connection: 'close' })
    response.end(
      JSON.stringify({
        type: 'urn:liquor-agent:tls.required',
        title: 'Not allowed',
        status: 403,
        code: 'tls.required',
        detail: `Nothing is answered here without TLS; use ${publicUrl}. If a password or key was in this request, change it.`,
      }),
    )
  })
}
