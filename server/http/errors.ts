import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Problem } from '#contract/common.ts'

/** HTTP status of each error code; a code that is not here is a 400. */
const statusOf: Record<string, number> = {
  'auth.required': 401,
  'auth.bad_credentials': 401,
  'auth.session_ended': 401,
  'auth.second_factor': 401,
  'auth.bad_code': 401,
  'auth.forbidden': 403,
  'hook.refused': 401,
  'auth.cross_site': 403,
  not_found: 404,
  conflict: 409,
  'export.gone': 410,
  'link.ended': 410,
  'edit.stale': 412,
  'idempotency.mismatch': 422,
  'rate.limited': 429,
  'upload.too_large': 413,
  busy: 503,
  'database.unavailable': 503,
  'database.too_slow': 503,
  internal: 500,
}

/** An expected refusal of a request: stable code, the facts, and a sentence with cause and cure. */
export class AppError extends Error {
  override name = 'AppError'
  readonly code: string
  readonly facts: Record<string, unknown>
  constructor(code: string, message: string, facts: Record<string, unknown> = {}) {
    super(message)
    this.code = code
    this.facts = facts
  }
  get status(): number {
    return statusOf[this.code] ?? 400
  }
}

export function notFound(what: string, id?: string): AppError {
  return new AppError('not_found', `There is no such ${what}; it may have been removed.`, id ? { id } : {})
}

/** Bad input with the place of each fault, as the UI puts it beside the field. */
export class InputError extends AppError {
  readonly errors: { path: string; message: string }[]
  constructor(errors: { path: string; message: string }[]) {
    super('input.invalid', errors.map((e) => (e.path ? `${e.path}: ${e.message}` : e.message)).join('; '))
    this.errors = errors
  }
}

/** Zod's issues as field paths under the part of the request they came from. */
export function inputError(part: string, error: z.ZodError): InputError {
  return new InputError(
    error.issues.map((i) => ({
      path: part === 'body' ? i.path.join('.') : [part, ...i.path].join('.'),
      message: i.message,
    })),
  )
}

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Conflict',
  410: 'Gone',
  412: 'Changed meanwhile',
  413: 'Too large',
  422: 'Cannot be done',
  429: 'Too many requests',
  500: 'Something broke',
  503: 'Not available now',
}
// PostgreSQL classes 08 and 57P, and Node's socket errors: the database is away, not the request wrong.
const databaseAway = /^(08|57P0|53300|ECONNREFUSED|ECONNRESET)/

/** The one place where errors become HTTP answers (RFC 9457). Below 500 the message is shown, above it is logged. */
export function sendProblem(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): void {
  const code = 'code' in error ? String(error.code) : ''
  let problem: Problem
  if (error instanceof AppError) {
    problem = {
      type: `urn:liquor-agent:${error.code}`,
      title: titles[error.status] ?? 'Error',
      status: error.status,
      code: error.code,
      detail: error.message,
    }
    if (error.status === 503) void reply.header('retry-after', '5')
    if (error instanceof InputError) problem.errors = error.errors
    if (Object.keys(error.facts).length > 0) problem.facts = error.facts
  } else if (code === '22021' || code === '22P05' || (code === '22P02' && error.message.endsWith('type json'))) {
    // PostgreSQL cannot hold NUL in text, nor half a surrogate pair in JSON; it is the request that is wrong.
    problem = {
      type: 'urn:liquor-agent:input.invalid',
      title: titles[400] ?? 'Error',
      status: 400,
      code: 'input.invalid',
      detail: 'A text has a character that cannot be stored (NUL, or half of one). Remove it.',
    }
  } else if (code === '57014') {
    void reply.header('retry-after', '30')
    problem = {
      type: 'urn:liquor-agent:database.too_slow',
      title: titles[503] ?? 'Error',
      status: 503,
      code: 'database.too_slow',
      detail: 'The database took too long for this and gave up. Ask for less at once, or try again later.',
    }
    request.log.warn({ err: error }, 'a statement took too long')
  } else if (/^(Unexpected end of multipart data|Multipart: )/.test(error.message)) {
    problem = {
      type: 'urn:liquor-agent:input.invalid',
      title: titles[400] ?? 'Error',
      status: 400,
      code: 'input.invalid',
      detail: 'The upload was cut off, or is no form with a file. Send it again.',
    }
  } else if (
    databaseAway.test(code) ||
    /Connection terminated|timeout exceeded when trying to connect/.test(error.message)
  ) {
    void reply.header('retry-after', '2')
    problem = {
      type: 'urn:liquor-agent:database.unavailable',
      title: 'Not available now',
      status: 503,
      code: 'database.unavailable',
      detail: 'The database does not answer; try again in a few seconds.',
    }
    request.log.warn({ err: error }, 'database unavailable')
  } else {
    const status = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500
    const known = status < 500
    if (!known) request.log.error({ err: error }, 'request failed')
    problem = {
      type: `urn:liquor-agent:${known ? 'request' : 'internal'}`,
      title: titles[status] ?? 'Error',
      status,
      code: known ? code || 'request' : 'internal',
      detail: known ? error.message : 'Something broke on our side. The request id helps to find it in the log.',
    }
  }
  problem.request_id = request.id
  void reply.status(problem.status).type('application/problem+json').send(problem)
}
