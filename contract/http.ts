import type { z } from 'zod'
import type { Scope } from './scopes.ts'

/** Who may call: everybody, anybody signed in, or a role and those above it. */
export type Access = 'public' | 'user' | 'manager' | 'admin'
export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'

export interface RouteShape {
  method: Method
  /** full path with `:name` parameters, e.g. `/api/v1/customers/:id` */
  path: string
  access: Access
  /** for `public`: what guards the route instead of a sign-in */
  openBecause?: string
  /** the API key scope that opens it; absent: closed to API keys */
  scope?: Scope
  tag: string
  summary: string
  description?: string
  params?: z.ZodType
  query?: z.ZodType
  body?: z.ZodType
  /** absent: no content (204) */
  reply?: z.ZodType
  status?: 200 | 201 | 202 | 204
  /** a secret is in the answer: no copy of it is kept for a retry with the same Idempotency-Key */
  showsSecret?: true
  /** writes for a whole campaign, or looks for a person in every table: its statements may take minutes */
  largeWork?: true
  /** bytes of a body; default 1 MB */
  bodyLimit?: number
  /** multipart upload: the handler reads the stream itself */
  upload?: true
  /** the handler streams a file of this media type itself */
  file?: string
}

/** Declares an endpoint once; the server answers it (server/http/bind.ts), the UI calls it (web/src/lib/api.ts). */
export function route<const R extends RouteShape>(shape: R): R {
  return shape
}

type Out<T> = T extends z.ZodType ? z.output<T> : undefined
type In<T> = T extends z.ZodType ? z.input<T> : undefined
type Get<R, K extends string> = K extends keyof R ? R[K] : undefined

/** What a handler receives. */
export type Received<R extends RouteShape> = {
  params: Out<Get<R, 'params'>>
  query: Out<Get<R, 'query'>>
  body: Out<Get<R, 'body'>>
}
/** What a handler returns (before the reply schema strips and checks it). */
export type Answer<R extends RouteShape> = In<Get<R, 'reply'>>
/** What a caller sends: only the parts that the route declares. */
export type Sent<R extends RouteShape> = {
  [
    K in 'params' | 'query' | 'body' as K extends keyof R ? (R[K] extends z.ZodType ? K : never) : never
  ]: K extends keyof R ? In<R[K]> : never
}
/** What a caller gets back. */
export type Reply<R extends RouteShape> = Out<Get<R, 'reply'>>
