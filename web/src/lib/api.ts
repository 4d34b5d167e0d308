import type { Problem } from '#contract/common.ts'
import type { Reply, Sent } from '#contract/http.ts'
import type { Endpoint, Endpoints } from './contract.ts'
import { currentToken, endSession, renewSession } from './session.ts'
import { t } from './i18n.ts'

/** A refusal of the server (RFC 9457), or no answer at all (`status` 0). */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly code: string
  readonly fields: { path: string; message: string }[]
  readonly facts: Record<string, unknown>
  readonly requestId: string | null
  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail ?? t('The server answered {status}. Try again in a moment.', { status }))
    this.status = status
    this.code = problem.code ?? 'network'
    this.fields = problem.errors ?? []
    this.facts = problem.facts ?? {}
    this.requestId = problem.request_id ?? null
  }
}

type Empty = Record<never, never>
/** What a route must be given, then the caller's options; parts whose fields are all optional may be left out. */
export type ArgsWith<E extends Endpoint, O> =
  Empty extends ArgsOf<E> ? [args?: ArgsOf<E> | undefined, options?: O] : [args: ArgsOf<E>, options?: O]
export type ArgsOf<E extends Endpoint> = Optionals<Sent<Endpoints[E]>>
type Optionals<S> = { [K in keyof S as Empty extends S[K] ? never : K]: S[K] } & {
  [K in keyof S as Empty extends S[K] ? K : never]?: S[K]
}
export type ReplyOf<E extends Endpoint> = Reply<Endpoints[E]>

interface Parts {
  params?: Record<string, unknown>
  query?: Record<string, unknown>
  body?: unknown
}
export interface Extra {
  signal?: AbortSignal | undefined
  headers?: Record<string, string>
}

/** Calls a contract route by name, e.g. `api('GET /api/v1/customers/:id', { params: { id } })`. Throws ApiError. */
export async function api<E extends Endpoint>(endpoint: E, ...[args, extra]: ArgsWith<E, Extra>): Promise<ReplyOf<E>> {
  return (await call(endpoint, args as Parts | undefined, extra)) as ReplyOf<E>
}

/** The untyped core of `api`, for generic helpers (query.ts). */
export async function call(endpoint: string, parts: Parts = {}, extra: Extra = {}): Promise<unknown> {
  const response = await request(endpoint, parts, extra)
  return response.status === 204 ? undefined : response.json()
}

/** Fetches a file with the user's rights and hands it to the browser's downloads. */
export async function download(endpoint: string, parts: Parts, fileName: string): Promise<void> {
  const blob = await (await request(endpoint, parts, {})).blob()
  saveFile(blob, fileName)
}

/** The text of a file, fetched with the user's rights: to show it here. Throws ApiError. */
export async function fileText(endpoint: string, parts: Parts, extra: Extra = {}): Promise<string> {
  return (await request(endpoint, parts, extra)).text()
}

export function saveFile(blob: Blob, fileName: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = fileName
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}

/** Uploads a file as multipart and reports the share sent, 0 to 1. Throws ApiError. */
export async function upload<E extends Endpoint>(
  endpoint: E,
  file: File,
  fields: Record<string, string>,
  onProgress?: (share: number) => void,
): Promise<ReplyOf<E>> {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) body.append(name, value)
  body.append('file', file)
  const { method, url } = address(endpoint, {})
  const attempt = (): Promise<Response> =>
    new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest()
      xhr.open(method, url)
      const token = currentToken()
      if (token) xhr.setRequestHeader('authorization', `Bearer ${token}`)
      xhr.upload.onprogress = (e) => e.lengthComputable && onProgress?.(e.loaded / e.total)
      xhr.onload = () =>
        resolve(
          new Response(xhr.status === 204 ? null : xhr.responseText, {
            status: xhr.status,
            headers: { 'content-type': xhr.getResponseHeader('content-type') ?? '' },
          }),
        )
      xhr.onerror = () => reject(offline())
      xhr.send(body)
    })
  let response = await attempt()
  if (response.status === 401 && (await renewSession())) response = await attempt()
  if (!response.ok) throw await failure(response)
  return (await response.json()) as ReplyOf<E>
}

async function request(endpoint: string, parts: Parts, extra: Extra): Promise<Response> {
  const { method, url } = address(endpoint, parts)
  const attempt = async (): Promise<Response> => {
    const token = currentToken()
    const headers: Record<string, string> = { accept: 'application/json', ...extra.headers }
    if (token) headers['authorization'] = `Bearer ${token}`
    if (parts.body !== undefined) headers['content-type'] = 'application/json'
    try {
      return await fetch(url, {
        method,
        headers,
        body: parts.body === undefined ? null : JSON.stringify(parts.body),
        signal: extra.signal ?? null,
      })
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      throw offline()
    }
  }
  let response = await attempt()
  const mayRenew = !url.startsWith('/api/v1/auth/')
  if (response.status === 401 && mayRenew) {
    if (await renewSession()) response = await attempt()
    if (response.status === 401) endSession('expired')
  }
  if (!response.ok) throw await failure(response)
  return response
}

function address(endpoint: string, { params = {}, query = {} }: Parts): { method: string; url: string } {
  const [method = 'GET', path = ''] = endpoint.split(' ')
  const filled = path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue
    if (Array.isArray(value)) {
      if (value.length > 0) search.set(name, value.join(','))
    } else search.set(name, String(value as string | number | boolean))
  }
  const text = search.toString()
  return { method, url: text ? `${filled}?${text}` : filled }
}

async function failure(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>
  return new ApiError(response.status, problem)
}

function offline(): ApiError {
  return new ApiError(0, {
    code: 'network',
    detail: t('The server does not answer. Check the connection; nothing was changed.'),
  })
}
