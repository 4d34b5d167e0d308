import type { ClientBase } from 'pg'
import { z } from 'zod'
import type { channels, ChannelSettings, Provider } from '#contract/channels.ts'
import { StoredChannels } from '#contract/channels.ts'
import { providerKinds, secretFields, type ProviderKindName } from '#core/delivery/providers/kinds.ts'
import { fieldsOf } from '#core/delivery/providers/fields.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../audit.ts'
import { hookUrl, openSecrets, readProviders, secretContext, type StoredProvider } from '../channel-providers.ts'
import { readChannels } from '../channel-settings.ts'
import type { Ctx } from '../context.ts'
import { InputError, notFound } from '../http/errors.ts'
import { mailHostFault, providerAddressFault } from '../outbound-address.ts'
import { encryptSecret } from '../secrets.ts'

type Shown = z.input<typeof Provider>
type NewProvider = z.output<typeof channels.addProvider.body>
type ProviderChange = z.output<typeof channels.updateProvider.body>
type ChannelChange = z.output<typeof channels.update.body>

/** Channels and providers without their secrets. */
export async function showChannels(ctx: Ctx): Promise<z.input<typeof ChannelSettings>> {
  const [stored, providers, hooks] = await Promise.all([
    readChannels(ctx.pool),
    readProviders(ctx.pool),
    ctx.pool.query<{
      provider_id: string
      last_received_at: Date | null
      last_refused_at: Date | null
      last_refusal: string | null
    }>('select h.provider_id, h.last_received_at, h.last_refused_at, h.last_refusal from provider_hooks as h'),
  ])
  const heard = new Map(hooks.rows.map((h) => [h.provider_id, h]))
  return {
    email: { ...stored.email, from_environment: ctx.config.smtpUrl !== null },
    sms: stored.sms,
    providers: providers.filter((p) => !p.removed_at).map((p) => shownProvider(ctx, p, heard.get(p.id))),
  }
}

/** Changes a channel and puts it into the audit trail. Throws InputError when it would go live without a provider. */
export async function changeChannels(
  ctx: Ctx,
  actor: Actor,
  change: ChannelChange,
): Promise<z.input<typeof ChannelSettings>> {
  await withTx(ctx.pool, async (tx) => {
    await lockSettings(tx)
    const before = await readChannels(tx)
    const after = StoredChannels.parse({
      email: { ...before.email, ...defined(change.email ?? {}) },
      sms: { ...before.sms, ...defined(change.sms ?? {}) },
    })
    const providers = (await readProviders(tx)).filter((p) => p.is_active && !p.removed_at)
    for (const channel of ['email', 'sms'] as const) {
      if (after[channel].mode === 'live' && !providers.some((p) => p.channel === channel))
        throw new InputError([
          { path: `${channel}.mode`, message: 'Add a provider first; without one nothing can leave.' },
        ])
    }
    await storeChannels(tx, actor, before, after)
  })
  return showChannels(ctx)
}

/** Kinds of providers and their forms, as the schemas of their configurations say. */
export function listKinds(): z.input<typeof channels.kinds.reply> {
  return {
    data: Object.values(providerKinds).map((k) => ({
      kind: k.kind,
      channel: k.channel,
      name: k.name,
      about: k.about,
      hook: k.hook,
      fields: fieldsOf(k.config),
    })),
  }
}

/** Throws InputError with the field that is wrong. */
export async function addProvider(ctx: Ctx, actor: Actor, body: NewProvider): Promise<Shown> {
  const kind = providerKinds[body.kind]
  const { config, secrets } = checked(ctx, body.kind, body.config, {}, body.secrets)
  return withTx(ctx.pool, async (tx) => {
    await lockSettings(tx)
    const all = await readProviders(tx)
    const key = freeKey(
      body.kind,
      all.map((p) => p.key),
    )
    const { rows } = await tx.query<{ id: string }>(
      `insert into channel_providers (channel, kind, key, name, config, secrets, weight, is_active, rate_per_minute, slots)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id`,
      [
        kind.channel,
        body.kind,
        key,
        body.name ?? kind.name,
        JSON.stringify(config),
        JSON.stringify(secrets),
        body.weight,
        body.is_active,
        body.rate_per_minute,
        body.slots,
      ],
    )
    const made = shownProvider(ctx, await one(tx, rows[0]!.id))
    await audit(tx, actor, { action: 'provider.added', entity: 'provider', entityId: made.id, after: traced(made) })
    return made
  })
}

/** Throws not_found, or InputError with the field that is wrong. */
export async function changeProvider(ctx: Ctx, actor: Actor, id: string, change: ProviderChange): Promise<Shown> {
  return withTx(ctx.pool, async (tx) => {
    await lockSettings(tx)
    const before = await one(tx, id)
    const { config, secrets } = checked(
      ctx,
      before.kind,
      change.config ?? before.config,
      before.secrets,
      change.secrets ?? {},
    )
    await tx.query(
      `update channel_providers set name = $2, config = $3, secrets = $4, weight = $5, is_active = $6, rate_per_minute = $7, slots = $8, updated_at = now() where id = $1`,
      [
        id,
        change.name ?? before.name,
        JSON.stringify(config),
        JSON.stringify(secrets),
        change.weight ?? before.weight,
        change.is_active ?? before.is_active,
        change.rate_per_minute === undefined ? before.rate_per_minute : change.rate_per_minute,
        change.slots === undefined ? before.slots : change.slots,
      ],
    )
    const after = await one(tx, id)
    if (before.is_active && !after.is_active) await assertNotLast(tx, after)
    const shown = shownProvider(ctx, after)
    await audit(tx, actor, {
      action: 'provider.changed',
      entity: 'provider',
      entityId: id,
      before: traced(shownProvider(ctx, before)),
      after: { ...traced(shown), new_secrets: Object.keys(change.secrets ?? {}) },
    })
    return shown
  })
}

/** Forgets its secrets and takes it out of use; the row stays, because attempts name it. Its reports are refused from now on. */
export async function removeProvider(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    await lockSettings(tx)
    const before = await one(tx, id)
    await assertNotLast(tx, before)
    await tx.query(
      `update channel_providers set removed_at = now(), is_active = false, secrets = '{}', updated_at = now() where id = $1`,
      [id],
    )
    await audit(tx, actor, {
      action: 'provider.removed',
      entity: 'provider',
      entityId: id,
      before: traced(shownProvider(ctx, before)),
    })
  })
}

/** Throws not_found, also for removed ones. */
export async function one(tx: Pick<ClientBase, 'query'>, id: string): Promise<StoredProvider> {
  const found = (await readProviders(tx as ClientBase)).find((p) => p.id === id && !p.removed_at)
  if (!found) throw notFound('provider', id)
  return found
}

function shownProvider(
  ctx: Ctx,
  p: StoredProvider,
  heard?: { last_received_at: Date | null; last_refused_at: Date | null; last_refusal: string | null },
): Shown {
  return {
    id: p.id,
    channel: p.channel,
    kind: p.kind,
    key: p.key,
    name: p.name,
    config: p.config as Shown['config'],
    secrets: Object.fromEntries(secretFields(p.kind).map((f) => [f, p.secrets[f] !== undefined])),
    weight: p.weight,
    is_active: p.is_active,
    rate_per_minute: p.rate_per_minute,
    slots: p.slots,
    hook_url: hookUrl(ctx.config, p),
    last_received_at: heard?.last_received_at ?? null,
    last_refused_at: heard?.last_refused_at ?? null,
    last_refusal: heard?.last_refusal ?? null,
    created_at: p.created_at,
    updated_at: p.updated_at,
  }
}

// What the audit trail keeps of a provider: all but secrets, which it never sees.
function traced({ hook_url: _hook, last_received_at: _a, last_refused_at: _b, last_refusal: _c, ...rest }: Shown) {
  return rest
}

/** The configuration as it will be stored: parsed with its secrets, then parted into plain and encrypted fields. */
function checked(
  ctx: Ctx,
  kind: ProviderKindName,
  config: Record<string, unknown>,
  kept: Record<string, string>,
  given: Record<string, string | null>,
): { config: Record<string, unknown>; secrets: Record<string, string> } {
  const { config: schema, check, channel } = providerKinds[kind]
  const names = secretFields(kind)
  const faults = [
    ...names.filter((n) => n in config).map((n) => ({ path: `config.${n}`, message: 'A secret belongs to secrets.' })),
    ...Object.keys(given)
      .filter((n) => !names.includes(n))
      .map((n) => ({ path: `secrets.${n}`, message: 'This kind of provider has no such secret.' })),
  ]
  if (faults.length > 0) throw new InputError(faults)
  const stored = Object.fromEntries(Object.entries(kept).filter(([n]) => given[n] !== null))
  const fresh = Object.fromEntries(Object.entries(given).filter((e): e is [string, string] => !!e[1]?.trim()))
  const open = openSecrets(
    ctx.config,
    { channel, kind },
    Object.fromEntries(Object.entries(stored).filter(([n]) => !(n in fresh))),
  )
  const parsed = schema.safeParse({ ...config, ...open, ...fresh })
  if (!parsed.success)
    throw new InputError(
      parsed.error.issues.map((i) => {
        const name = String(i.path[0] ?? (i.code === 'unrecognized_keys' ? i.keys[0] : ''))
        return { path: `${names.includes(name) ? 'secrets' : 'config'}.${name}`, message: i.message }
      }),
    )
  const fault = check?.(parsed.data) ?? addressFault(ctx, parsed.data)
  if (fault)
    throw new InputError([
      { path: `${names.includes(fault.path) ? 'secrets' : 'config'}.${fault.path}`, message: fault.message },
    ])
  return {
    config: Object.fromEntries(Object.entries(parsed.data).filter(([n]) => !names.includes(n))),
    secrets: {
      ...stored,
      ...Object.fromEntries(
        Object.keys(fresh).map((n) => [
          n,
          encryptSecret(ctx.config, secretContext({ channel, kind }, n), String(parsed.data[n])),
        ]),
      ),
    },
  }
}

// "mailgun", then "mailgun-2": also those of removed providers stay taken.
function freeKey(kind: string, taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const key = n === 1 ? kind : `${kind}-${n}`
    if (!taken.includes(key)) return key
  }
}

/** The last provider of a live channel stays: its messages would wait for nobody. */
async function assertNotLast(tx: ClientBase, provider: StoredProvider): Promise<void> {
  const others = (await readProviders(tx)).some(
    (p) => p.channel === provider.channel && p.id !== provider.id && p.is_active && !p.removed_at,
  )
  if (!others && (await readChannels(tx))[provider.channel].mode === 'live')
    throw new InputError([
      {
        path: 'is_active',
        message:
          'It is the only provider of a live channel. Add another one, or switch the channel to the sandbox first.',
      },
    ])
}

async function storeChannels(tx: ClientBase, actor: Actor, before: StoredChannels, after: StoredChannels) {
  await tx.query(
    `insert into settings (name, value, updated_by) values ('channels', $1, $2)
     on conflict (name) do update set value = excluded.value, updated_by = excluded.updated_by, updated_at = now()`,
    [JSON.stringify(after), actor.kind === 'user' ? actor.id : null],
  )
  await audit(tx, actor, { action: 'setting.changed', entity: 'setting', entityId: 'channels', before, after })
}

async function lockSettings(tx: ClientBase): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('settings.channels', 11))`)
}

function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** Addresses of a configuration are judged when they are written, and again by the adapters whenever they are dialled. */
function addressFault(
  { config: { privateAddresses } }: Ctx,
  given: Record<string, unknown>,
): { path: string; message: string } | null {
  const text = (name: string): string | null => (typeof given[name] === 'string' ? given[name] : null)
  const providers = { allowPrivate: privateAddresses.has('providers') }
  const mail = { allowPrivate: privateAddresses.has('mail') }
  for (const path of ['url', 'base_url']) {
    const message = text(path) && providerAddressFault(text(path)!, providers)
    if (message) return { path, message }
  }
  for (const [path, port] of [
    ['host', 'port'],
    ['imap_host', 'imap_port'],
  ] as const) {
    const message = text(path) && mailHostFault(text(path)!, Number(given[port]), mail)
    if (message) return { path, message }
  }
  return null
}
