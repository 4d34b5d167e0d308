import { randomBytes } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { z } from 'zod'
import { IntegrationSettings, type Integration, type integrations } from '#contract/integrations.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { AppError, InputError, notFound } from '../../http/errors.ts'
import type { TillKind } from '../../ports/till.ts'
import { encryptSecret } from '../../secrets.ts'
import { forgetTill, secretContext } from './known-tills.ts'

type Shown = z.input<typeof Integration>
type Input = z.output<typeof integrations.create.body>
type Change = z.output<typeof integrations.update.body>

/** How long the secret before the present one stays good: Shopify signs with the old one for up to an hour, people take days. */
const oldSecretHours = 72

interface Row extends Omit<Shown, 'label' | 'url' | 'topics' | 'secret_from'> {
  kind: TillKind
}

const columns = `i.id, i.kind, i.name, i.prefix, i.status, i.secret_enc is not null as has_secret,
  case when i.old_secret_until > $1 then i.old_secret_until end as old_secret_until, i.store_id, i.settings, i.hooks_received, i.hooks_refused,
  (select count(*) from till_hooks as h where h.integration_id = i.id and h.status = 'received') as hooks_waiting,
  (select count(*) from till_hooks as h where h.integration_id = i.id and h.status = 'parked') as hooks_parked,
  i.last_received_at, i.last_refused_at, i.last_ping_at, i.created_at, i.updated_at`

function show(ctx: Ctx, row: Row): Shown {
  const till = ctx.tills[row.kind]
  return {
    ...row,
    label: till.label,
    url: `${ctx.config.publicUrl}/hooks/${row.kind}/${row.id}`,
    topics: [...till.topics],
    secret_from: till.ownsSecret ? 'them' : 'us',
    settings: IntegrationSettings.parse(row.settings ?? {}),
  }
}

export async function listIntegrations(ctx: Ctx): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Row>(`select ${columns} from integrations as i order by i.id`, [ctx.clock()])
  return rows.map((row) => show(ctx, row))
}

/** Throws not_found. */
export async function readIntegration(ctx: Ctx, id: string): Promise<Shown> {
  const { rows } = await ctx.pool.query<Row>(`select ${columns} from integrations as i where i.id = $2`, [
    ctx.clock(),
    id,
  ])
  if (!rows[0]) throw notFound('till', id)
  return show(ctx, rows[0])
}

/** Connects a till; the secret is in the answer when we made it. Throws InputError for an unknown store. */
export async function createIntegration(
  ctx: Ctx,
  actor: Actor,
  input: Input,
): Promise<Shown & { secret: string | null }> {
  const made = input.secret === undefined && !ctx.tills[input.kind].ownsSecret ? newSecret() : null
  const id = await withTx(ctx.pool, async (tx) => {
    // Two at once must not take the same prefix.
    await tx.query('lock table integrations in share row exclusive mode')
    const { rows } = await tx.query<{ id: string }>(
      `insert into integrations (kind, name, prefix, settings, store_id, created_by) values ($1, $2, $3, $4, $5, $6) returning id`,
      [
        input.kind,
        input.name,
        await freePrefix(tx, input.kind),
        JSON.stringify(input.settings),
        await checkedStore(tx, input.store_id),
        actor.kind === 'user' ? actor.id : null,
      ],
    )
    const created = rows[0]!.id
    const secret = input.secret ?? made
    if (secret !== null)
      await tx.query('update integrations set secret_enc = $2 where id = $1', [
        created,
        encryptSecret(ctx.config, secretContext(created), secret),
      ])
    await audit(tx, actor, {
      action: 'integration.created',
      entity: 'integration',
      entityId: created,
      after: { kind: input.kind, name: input.name, store_id: input.store_id, settings: input.settings },
    })
    return created
  })
  return { ...(await readIntegration(ctx, id)), secret: made }
}

/** Throws not_found, InputError, `integration.no_old_secret`. */
export async function updateIntegration(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Change,
): Promise<Shown & { secret: string | null }> {
  const made = change.new_secret ? newSecret() : null
  const secret = change.secret ?? made
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{
      name: string
      status: string
      store_id: string | null
      settings: unknown
      has_old: boolean
    }>(
      `select i.name, i.status, i.store_id, i.settings, i.old_secret_enc is not null as has_old from integrations as i where i.id = $1 for update`,
      [id],
    )
    const before = rows[0]
    if (!before) throw notFound('till', id)
    if (change.end_old_secret && !secret && !before.has_old)
      throw new AppError('integration.no_old_secret', 'There is no second secret to end.')
    const { has_old: _, ...plain } = before
    const after = {
      name: change.name ?? before.name,
      status: change.status ?? before.status,
      store_id: change.store_id === undefined ? before.store_id : await checkedStore(tx, change.store_id),
      settings: change.settings ?? before.settings,
    }
    await tx.query(
      'update integrations set name = $2, status = $3, store_id = $4, settings = $5, updated_at = now() where id = $1',
      [id, after.name, after.status, after.store_id, JSON.stringify(after.settings)],
    )
    if (secret)
      await tx.query(
        `update integrations set old_secret_enc = secret_enc,
           old_secret_until = case when secret_enc is not null then $3::timestamptz + $4 * interval '1 hour' end, secret_enc = $2 where id = $1`,
        [id, encryptSecret(ctx.config, secretContext(id), secret), ctx.clock(), oldSecretHours],
      )
    if (change.end_old_secret)
      await tx.query('update integrations set old_secret_enc = null, old_secret_until = null where id = $1', [id])
    await audit(tx, actor, {
      action: 'integration.updated',
      entity: 'integration',
      entityId: id,
      before: plain,
      after: {
        ...after,
        ...(secret ? { secret_changed: true } : {}),
        ...(change.end_old_secret ? { old_secret_ended: true } : {}),
      },
    })
  })
  forgetTill(ctx, id)
  return { ...(await readIntegration(ctx, id)), secret: made }
}

/** Throws not_found. */
export async function removeIntegration(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const { rows } = await tx.query<{ kind: string; name: string; prefix: string }>(
      'delete from integrations as i where i.id = $1 returning i.kind, i.name, i.prefix',
      [id],
    )
    if (!rows[0]) throw notFound('till', id)
    await audit(tx, actor, { action: 'integration.removed', entity: 'integration', entityId: id, before: rows[0] })
  })
  forgetTill(ctx, id)
}

// Letters and digits only: WordPress turns some signs into entities before it signs with them.
const newSecret = (): string => randomBytes(32).toString('hex')

/** A till that is connected again gets its numbers back, so the orders it tells anew are the ones that are here. */
async function freePrefix(tx: PoolClient, kind: TillKind): Promise<string> {
  const { rows } = await tx.query<{ prefix: string }>('select i.prefix from integrations as i where i.kind = $1', [
    kind,
  ])
  const taken = new Set(rows.map((r) => r.prefix))
  for (let n = 1; ; n++) {
    const prefix = n === 1 ? kind : `${kind}-${n}`
    if (!taken.has(prefix)) return prefix
  }
}

async function checkedStore(tx: PoolClient, id: string | null): Promise<string | null> {
  if (id === null) return null
  const { rowCount } = await tx.query('select from stores where stores.id = $1', [id])
  if (!rowCount) throw new InputError([{ path: 'store_id', message: 'There is no such store.' }])
  return id
}
