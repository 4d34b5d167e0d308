import type { ClientBase, Pool } from 'pg'

/** Who does something: a signed-in user, an API key, the command line, a customer by a link, or the system itself. */
export interface Actor {
  kind: 'user' | 'api_key' | 'cli' | 'system' | 'customer'
  id: string | null
  role: 'admin' | 'manager' | 'user'
  requestId?: string
  /** of a signed-in user: which of their sessions */
  sessionId?: string
}

export const systemActor: Actor = { kind: 'system', id: null, role: 'admin' }
export const cliActor: Actor = { kind: 'cli', id: null, role: 'admin' }

export interface Change {
  /** verb in the past: campaign.approved, customer.updated */
  action: string
  entity: string
  entityId?: string | null
  before?: unknown
  after?: unknown
  reason?: string
}

/** Writes one line of the audit trail; call it in the transaction of the change. */
export async function audit(client: ClientBase | Pool, actor: Actor, change: Change): Promise<void> {
  await client.query(
    `insert into audit_log (actor_kind, actor_id, action, entity, entity_id, before, after, reason, request_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      actor.kind,
      actor.id,
      change.action,
      change.entity,
      change.entityId ?? null,
      change.before === undefined ? null : JSON.stringify(change.before),
      change.after === undefined ? null : JSON.stringify(change.after),
      change.reason ?? null,
      actor.requestId ?? null,
    ],
  )
}

/** One line of the audit trail for each of these rows, in one statement. */
export async function auditEach(
  client: ClientBase,
  actor: Actor,
  change: Omit<Change, 'entityId'>,
  entityIds: readonly string[],
): Promise<void> {
  if (entityIds.length === 0) return
  await client.query(
    `insert into audit_log (actor_kind, actor_id, action, entity, entity_id, before, after, reason, request_id)
     select $1, $2, $3, $4, g.id, $5, $6, $7, $8 from unnest($9::text[]) as g(id)`,
    [
      actor.kind,
      actor.id,
      change.action,
      change.entity,
      change.before === undefined ? null : JSON.stringify(change.before),
      change.after === undefined ? null : JSON.stringify(change.after),
      change.reason ?? null,
      actor.requestId ?? null,
      entityIds,
    ],
  )
}
