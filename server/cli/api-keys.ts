import { ApiKeyChange, ApiKeyInput } from '#contract/api-keys.ts'
import { createApiKey, listApiKeys, revokeApiKey, updateApiKey } from '../accounts/api-keys.ts'
import { cliActor } from '../audit.ts'
import type { Globals } from '../cli.ts'
import type { Ctx } from '../context.ts'
import { inputError } from '../http/errors.ts'
import { withContext } from '../up.ts'
import { CliError, exit, print, table } from './output.ts'

interface Quotas {
  perMinute?: number
  /** false: no limit */
  perDay?: number | false
}

const quotasOf = ({ perMinute, perDay }: Quotas): object => ({
  ...(perMinute === undefined ? {} : { quota_per_minute: perMinute }),
  ...(typeof perDay === 'number' ? { quota_per_day: perDay } : perDay === false ? { quota_per_day: null } : {}),
})
const ofDay = (n: number | null): string => (n === null ? 'no limit' : String(n))

export async function listKeys(globals: Globals): Promise<void> {
  await withContext(async (ctx) => {
    const keys = await listApiKeys(ctx)
    print(globals, 'api-keys', { keys }, () =>
      keys.length === 0
        ? ['There is no key yet: liquor-agent api-key create NAME --scope SCOPE']
        : table(
            keys.map((k) => [k.prefix, k.name, k.state, k.quota_per_minute, ofDay(k.quota_per_day), k.used_today]),
            ['key', 'name', 'state', 'per minute', 'per day', 'today'],
          ),
    )
  })
}

export async function createKey(
  globals: Globals,
  name: string,
  options: Quotas & { scope: string[]; days?: number },
): Promise<void> {
  await withContext(async (ctx) => {
    const end = options.days === undefined ? null : new Date(ctx.clock().getTime() + options.days * 86_400_000)
    const read = ApiKeyInput.safeParse({
      name,
      scopes: options.scope.flatMap((s) => s.split(',')),
      expires_at: end?.toISOString() ?? null,
      ...quotasOf(options),
    })
    if (!read.success) throw inputError('body', read.error)
    const key = await createApiKey(ctx, cliActor, read.data)
    print(globals, 'api-key', { ...key }, () => [
      key.secret,
      `The key of ${key.name}: it is shown now and never again. ${key.quota_per_minute} requests a minute, ${ofDay(key.quota_per_day)} a day.`,
    ])
  })
}

export async function setQuota(globals: Globals, which: string, options: Quotas): Promise<void> {
  const read = ApiKeyChange.safeParse(quotasOf(options))
  if (!read.success) throw inputError('body', read.error)
  if (Object.keys(read.data).length === 0)
    throw new CliError('Say what: --per-minute N, --per-day N or --no-per-day', exit.usage)
  await withContext(async (ctx) => {
    const key = await updateApiKey(ctx, cliActor, await idOf(ctx, which), read.data)
    print(globals, 'api-key', { ...key }, () => [
      `${key.name}: ${key.quota_per_minute} requests a minute, ${ofDay(key.quota_per_day)} a day.`,
    ])
  })
}

export async function revokeKey(globals: Globals, which: string): Promise<void> {
  await withContext(async (ctx) => {
    const id = await idOf(ctx, which)
    await revokeApiKey(ctx, cliActor, id)
    print(globals, 'api-key-revoked', { id }, () => ['Revoked. It opens nothing from this moment on.'])
  })
}

async function idOf(ctx: Ctx, which: string): Promise<string> {
  const { rows } = await ctx.pool.query<{ id: string }>(
    'select k.id from api_keys as k where k.id::text = $1 or k.prefix = $1 limit 2',
    [which.trim()],
  )
  if (rows.length !== 1)
    throw new CliError('No key has this id or begins like this. `liquor-agent api-key list` shows them.', exit.notFound)
  return rows[0]!.id
}
