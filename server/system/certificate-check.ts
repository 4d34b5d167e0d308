import { isIP } from 'node:net'
import type { Check } from '#contract/system.ts'
import type { Ctx } from '../context.ts'
import { readCertificate } from '../http/tls.ts'

const dayMs = 86_400_000

/** The certificate of our own TLS, if we have one: for whom, until when. Reads the files, not what is served. */
export function checkCertificate({ config, clock }: Pick<Ctx, 'config' | 'clock'>): Check[] {
  if (!config.tls) return []
  const told = (level: Check['level'], detail: string): Check[] => [{ check: 'certificate', level, detail }]
  let certificate
  try {
    certificate = readCertificate(config.tls).certificate
  } catch (error) {
    return told('bad', (error as Error).message)
  }
  const host = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')
  const isFor = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)
  const until = certificate.validToDate
  const days = Math.floor((until.getTime() - clock().getTime()) / dayMs)
  const day = until.toISOString().slice(0, 10)
  if (certificate.validFromDate > clock())
    return told('bad', `is valid only from ${certificate.validFromDate.toISOString()}`)
  if (days < 0) return told('bad', `ended on ${day}: renew it; browsers refuse the shop`)
  if (isFor === undefined)
    return told('bad', `is not for ${host}, the host of PUBLIC_URL: get one for it, or correct PUBLIC_URL`)
  if (days < 14) return told('warn', `ends on ${day}, in ${days} days: renew it; a new file is taken without a restart`)
  return told('ok', `for ${host}, until ${day}`)
}
