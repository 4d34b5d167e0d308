import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import type { EncryptionKey } from './secrets.ts'
import { addressUses, type AddressUse } from './outbound-address.ts'

const root = path.resolve(import.meta.dirname, '..')

const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }

/** Every setting a process takes from its environment: name, meaning, default. All others live in the database. */
const Environment = z.object({
  DATABASE_URL: z.string().optional().describe('PostgreSQL 15+; absent: the embedded server under LMA_DATA'),
  DATABASE_DIRECT_URL: z
    .string()
    .optional()
    .describe(
      'the same database past a pooler: set it when DATABASE_URL is PgBouncer in transaction mode; migrations, LISTEN and locks go there',
    ),
  DATABASE_REPLICA_URL: z
    .string()
    .optional()
    .describe('a streaming replica: reports read there while it is at most 5 s behind; `doctor` says how far it is'),
  DATABASE_POOL: z.coerce.number().int().min(2).max(200).default(20).describe('connections of a process at most'),
  DATABASE_STATEMENT_SECONDS: z.coerce
    .number()
    .min(0)
    .max(3600)
    .default(30)
    .describe('a statement of a request is given up after so many seconds, and the caller told (503); 0: never'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'it must begin with redis:// or rediss://')
    .optional()
    .describe('Redis for wake-ups of jobs, live updates and request counts; absent: PostgreSQL does that too'),
  REDIS_PREFIX: z
    .string()
    .regex(/^[\w-]{1,60}$/, 'use letters, digits, - and _')
    .default('liquor-agent')
    .describe('begins every key in Redis; another one for each shop that shares the server'),
  LMA_DATA: z
    .string()
    .default(path.join(root, '.data'))
    .describe('folder for the embedded database, imports, exports and the secret'),
  LMA_SECRET: z
    .string()
    .min(32)
    .optional()
    .describe('at least 32 characters; absent: made once and kept in LMA_DATA/secret'),
  LMA_ENCRYPTION_KEYS: z
    .string()
    .regex(/^[\w-]{1,40}:[A-Za-z0-9_-]{43}(,[\w-]{1,40}:[A-Za-z0-9_-]{43})*$/, 'write name:key, made by `keys new`')
    .refine((text) => !/(^|,)secret:/.test(text), 'the name “secret” is taken')
    .optional()
    .describe(
      'keys for stored secrets, the current one first: name:key,name:key (`liquor-agent keys new`); absent: derived from LMA_SECRET',
    ),
  PORT: z.coerce.number().int().min(0).max(65535).default(8000).describe('HTTP port'),
  HOST: z.string().default('127.0.0.1').describe('address to listen on; 0.0.0.0 to be reached from other machines'),
  PUBLIC_URL: z.url().optional().describe('where customers reach links in messages; default http://localhost:PORT'),
  LMA_TLS_CERT: z
    .string()
    .optional()
    .describe('PEM file of a certificate: PORT speaks https itself, and a renewed file is taken without a restart'),
  LMA_TLS_KEY: z.string().optional().describe('PEM file of its key, without a password'),
  LMA_REDIRECT_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe('with LMA_TLS_CERT: also listen there for http:// and send browsers to PUBLIC_URL'),
  SMTP_URL: z.string().optional().describe('smtp://user:pass@host:port; overrides the email channel of the settings'),
  OPENAI_API_KEY: z.string().optional().describe('key of the language model; overrides the settings'),
  OPENAI_BASE_URL: z
    .url()
    .optional()
    .describe('any server that speaks chat completions, like http://localhost:11434/v1; overrides the settings'),
  OPENAI_MODEL: z.string().optional().describe('model to plan with; overrides the settings'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('least level that is written'),
  LMA_DEMO: z
    .enum(['auto', 'off'])
    .default('auto')
    .describe('auto: an empty shop gets the demo data at the first start'),
  LMA_SLOTS: z.coerce.number().int().min(1).max(500).default(20).describe('messages in flight per channel and worker'),
  LMA_PRIVATE_ADDRESSES: z
    .string()
    .regex(
      new RegExp(`^(all|(${addressUses.join('|')})(,(${addressUses.join('|')}))*)$`),
      `write all, or some of ${addressUses.join(',')}`,
    )
    .optional()
    .describe(
      `what may go to addresses of your own network when they are set in the UI: all, or some of ${addressUses.join(',')}; what stands in the environment may always`,
    ),
  METRICS_TOKEN: z
    .string()
    .min(16)
    .optional()
    .describe('bearer token that /metrics asks for; absent: only this machine itself may read it'),
  METRICS_PORT: z.coerce
    .number()
    .int()
    .min(1)
    .max(65535)
    .optional()
    .describe('also serve /metrics and /health there, on HOST; how a worker, which has no API, is watched'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url()
    .optional()
    .describe('OTLP/HTTP collector for traces, like http://localhost:4318; absent: no traces'),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional().describe('headers for the collector: name=value,name=value'),
  OTEL_SERVICE_NAME: z.string().default('liquor-agent').describe('name of this service in traces'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('share of traces that are recorded, 0 to 1'),
  SENTRY_DSN: z
    .url()
    .optional()
    .describe('https://key@host/project: errors are reported there; absent: only to the log'),
  SENTRY_ENVIRONMENT: z.string().max(64).default('production').describe('environment named in error reports'),
  S3_BUCKET: z.string().optional().describe('bucket for uploads, exports and backups; absent: the data folder'),
  S3_ENDPOINT: z.url().optional().describe('another server than Amazon’s, like http://minio:9000'),
  S3_REGION: z.string().default('us-east-1').describe('region of the bucket'),
  S3_PREFIX: z
    .string()
    .regex(/^([\w.-]+\/)*$/, 'it must be empty or end with a slash, like shop/')
    .default('')
    .describe('folder inside the bucket, like shop/'),
  S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe('absent: the role of the machine, task or pod (the usual chain of AWS)'),
  S3_SECRET_ACCESS_KEY: z.string().optional().describe('belongs to S3_ACCESS_KEY_ID'),
  LMA_TRUST_PROXY: z.coerce.number().int().min(0).max(5).default(0).describe('number of reverse proxies in front'),
})

export interface Config {
  root: string
  databaseUrl: string | null
  /** past the pooler; null: DATABASE_URL has none in front */
  directUrl: string | null
  replicaUrl: string | null
  poolSize: number
  /** milliseconds a statement of a request may take; 0: as long as it likes */
  statementMs: number
  redis: { url: string; prefix: string } | null
  dataDir: string
  secret: string
  /** for stored secrets, the current one first; empty: derived from `secret` */
  encryptionKeys: readonly EncryptionKey[]
  port: number
  host: string
  publicUrl: string
  /** files of our own certificate; null: a proxy ends TLS, or nobody does */
  tls: { cert: string; key: string } | null
  redirectPort: number | null
  smtpUrl: string | null
  /** the language model, as far as the environment says */
  openai: { apiKey: string | null; baseUrl: string | null; model: string | null }
  logLevel: string
  demo: 'auto' | 'off'
  slots: number
  /** what may leave to private addresses that were typed into the settings, too */
  privateAddresses: ReadonlySet<AddressUse>
  trustProxy: number
  s3: {
    bucket: string
    prefix: string
    region: string
    endpoint: string | null
    credentials: { accessKeyId: string; secretAccessKey: string } | null
  } | null
  metrics: { token: string | null; port: number | null }
  tracing: { endpoint: string; headers: Record<string, string>; service: string; ratio: number } | null
  sentry: { dsn: string; environment: string } | null
  /** release of this program, from package.json */
  version: string
}

export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly exitCode = 3
}

/** Reads and checks the environment. Throws ConfigError with one sentence that names the variable and the cure. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = Environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, v]) => v !== '')))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new ConfigError(
      `The environment variable ${issue?.path.join('.')} is wrong: ${issue?.message}. Correct or unset it.`,
    )
  }
  const e = parsed.data
  return {
    root,
    databaseUrl: e.DATABASE_URL ?? null,
    directUrl: e.DATABASE_DIRECT_URL ?? null,
    replicaUrl: e.DATABASE_REPLICA_URL ?? null,
    poolSize: e.DATABASE_POOL,
    statementMs: e.DATABASE_STATEMENT_SECONDS * 1000,
    redis: e.REDIS_URL ? { url: e.REDIS_URL, prefix: e.REDIS_PREFIX } : null,
    dataDir: path.resolve(e.LMA_DATA),
    secret: e.LMA_SECRET ?? keptSecret(path.resolve(e.LMA_DATA)),
    encryptionKeys: readKeys(e.LMA_ENCRYPTION_KEYS),
    port: e.PORT,
    host: e.HOST,
    publicUrl: (e.PUBLIC_URL ?? `${e.LMA_TLS_CERT ? 'https' : 'http'}://localhost:${e.PORT}`).replace(/\/$/, ''),
    tls: readTls(e),
    redirectPort: e.LMA_REDIRECT_PORT ?? null,
    smtpUrl: e.SMTP_URL ?? null,
    openai: {
      apiKey: e.OPENAI_API_KEY ?? null,
      baseUrl: e.OPENAI_BASE_URL?.replace(/\/$/, '') ?? null,
      model: e.OPENAI_MODEL ?? null,
    },
    logLevel: e.LOG_LEVEL,
    demo: e.LMA_DEMO,
    slots: e.LMA_SLOTS,
    privateAddresses: new Set(
      e.LMA_PRIVATE_ADDRESSES === 'all' ? addressUses : (e.LMA_PRIVATE_ADDRESSES?.split(',') as AddressUse[]),
    ),
    trustProxy: e.LMA_TRUST_PROXY,
    s3: e.S3_BUCKET
      ? {
          bucket: e.S3_BUCKET,
          prefix: e.S3_PREFIX,
          region: e.S3_REGION,
          endpoint: e.S3_ENDPOINT ?? null,
          credentials:
            e.S3_ACCESS_KEY_ID && e.S3_SECRET_ACCESS_KEY
              ? { accessKeyId: e.S3_ACCESS_KEY_ID, secretAccessKey: e.S3_SECRET_ACCESS_KEY }
              : null,
        }
      : null,
    metrics: { token: e.METRICS_TOKEN ?? null, port: e.METRICS_PORT ?? null },
    tracing: e.OTEL_EXPORTER_OTLP_ENDPOINT
      ? {
          endpoint: e.OTEL_EXPORTER_OTLP_ENDPOINT,
          headers: readHeaders(e.OTEL_EXPORTER_OTLP_HEADERS ?? ''),
          service: e.OTEL_SERVICE_NAME,
          ratio: e.OTEL_TRACES_SAMPLER_ARG,
        }
      : null,
    sentry: e.SENTRY_DSN ? { dsn: e.SENTRY_DSN, environment: e.SENTRY_ENVIRONMENT } : null,
    version,
  }
}

function readTls(e: z.output<typeof Environment>): Config['tls'] {
  const { LMA_TLS_CERT: cert, LMA_TLS_KEY: key } = e
  if (!cert && !key) {
    if (e.LMA_REDIRECT_PORT === undefined) return null
    throw new ConfigError(
      'LMA_REDIRECT_PORT sends browsers to our own https, which is not set up. Set LMA_TLS_CERT and LMA_TLS_KEY, or unset it.',
    )
  }
  if (!cert || !key)
    throw new ConfigError(
      `LMA_TLS_CERT and LMA_TLS_KEY belong together; ${cert ? 'LMA_TLS_KEY' : 'LMA_TLS_CERT'} is missing. Set or unset both.`,
    )
  if (e.PUBLIC_URL !== undefined && !e.PUBLIC_URL.startsWith('https:'))
    throw new ConfigError(
      'PUBLIC_URL begins with http:// although LMA_TLS_CERT makes this an https server. Write https:// there.',
    )
  return { cert: path.resolve(cert), key: path.resolve(key) }
}

function readKeys(text: string | undefined): EncryptionKey[] {
  return (text?.split(',') ?? []).map((pair) => {
    const [id = '', key = ''] = pair.split(':')
    return { id, key: Buffer.from(key, 'base64url') }
  })
}

function readHeaders(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split(',')
      .map((pair) => pair.trim())
      .filter(Boolean)
      .map((pair) => {
        const at = pair.indexOf('=')
        if (at < 1)
          throw new ConfigError(
            'The environment variable OTEL_EXPORTER_OTLP_HEADERS is wrong: write name=value,name=value. Correct or unset it.',
          )
        return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]
      }),
  )
}

/** Text of an .env.example made from the table above. */
export function environmentHelp(): string {
  return Object.entries(Environment.shape)
    .map(([name, schema]) => `# ${schema.description ?? ''}\n# ${name}=\n`)
    .join('\n')
}

// Links in sent mails must verify after a restart, so the secret outlives the process.
function keptSecret(dataDir: string): string {
  const file = path.join(dataDir, 'secret')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const secret = randomBytes(48).toString('base64url')
  try {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(file, secret + '\n', { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (existsSync(file)) return readFileSync(file, 'utf8').trim()
    throw new ConfigError(
      `The data folder ${dataDir} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'error'}). Make it writable, or point LMA_DATA at a folder that is.`,
    )
  }
  return secret
}
