import { createHash, createHmac } from 'node:crypto'

export interface SignedCall {
  method: string
  url: URL
  /** in lower case; all of them are signed */
  headers: Record<string, string>
  body: string
}

export interface AwsKeys {
  accessKeyId: string
  secretAccessKey: string
}

/** Headers of a request signed with AWS Signature Version 4; `headers` must hold host and x-amz-date. */
export function signV4(call: SignedCall, keys: AwsKeys, region: string, service: string): Record<string, string> {
  const date = call.headers['x-amz-date'] ?? ''
  const day = date.slice(0, 8)
  const scope = `${day}/${region}/${service}/aws4_request`
  const names = Object.keys(call.headers).toSorted()
  const canonical = [
    call.method,
    call.url.pathname
      .split('/')
      .map((part) => strict(decodeURIComponent(part)))
      .map(strict)
      .join('/'),
    [...call.url.searchParams]
      .map(([k, v]) => `${strict(k)}=${strict(v)}`)
      .toSorted()
      .join('&'),
    ...names.map((n) => `${n}:${call.headers[n]!.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256(call.body),
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
    (k, part) => createHmac('sha256', k).update(part).digest(),
    `AWS4${keys.secretAccessKey}`,
  )
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return {
    ...call.headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  }
}

/** `20261125T180000Z` */
export function amzDate(at: Date): string {
  return at.toISOString().replace(/[-:]|\.\d{3}/g, '')
}

export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

function strict(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}
