import { createHash } from 'node:crypto'
import type { PoolClient } from 'pg'
import type { PlanEntry } from '#core/planning/plan.ts'

/** An entry of a plan as it is kept beside the messages it made; one object for each, never changed. */
export type EntryContent = ReturnType<typeof entryContent>

/** @param variant the version of a test it belongs to */
export function entryContent(e: PlanEntry, variant: string | null) {
  return {
    plan_entry_id: e.id,
    variant,
    segment: e.segment,
    priority_score: e.reach > 0 ? e.score / e.reach : 0,
    offer_id: e.offer.id,
    offer: e.offer,
    template_id: e.template_id,
    scheduled_date: e.day,
    send_window: e.window,
    channel: e.channel,
  }
}

/** The same as columns, for `jsonb_to_record`. */
export const entryColumns =
  'plan_entry_id text, variant text, segment text, priority_score real, offer_id uuid, offer jsonb, template_id uuid, scheduled_date date, send_window jsonb, channel text'

export interface SaidOnce {
  /** Ids of these entries. */
  entries(contents: readonly EntryContent[]): Promise<ReadonlyMap<EntryContent, string>>
  /** Ids of these texts (JSON), in their order. */
  texts(contents: readonly string[]): Promise<string[]>
}

/**
 * What many messages of a campaign have in common, kept once and found by its hash: entries of the plan and texts. In the
 * transaction of the caller.
 */
export function createSaidOnce(tx: PoolClient, campaignId: string): SaidOnce {
  const entryIds = new Map<EntryContent, string>()

  /** Ids in the order of the contents. */
  async function keep(table: keyof typeof inserts, contents: readonly string[]): Promise<string[]> {
    const hashes = contents.map((c) => createHash('sha256').update(c).digest())
    await tx.query(inserts[table], [campaignId, hashes, contents])
    const { rows } = await tx.query<{ id: string }>(
      `select x.id from unnest($2::bytea[]) with ordinality as g(hash, place) join ${table} as x on x.campaign_id = $1 and x.content_hash = g.hash order by g.place`,
      [campaignId, hashes],
    )
    return rows.map((r) => r.id)
  }

  return {
    async entries(contents) {
      const missing = contents.filter((c) => !entryIds.has(c))
      if (missing.length > 0) {
        const ids = await keep(
          'campaign_entries',
          missing.map((c) => JSON.stringify(c)),
        )
        for (const [i, content] of missing.entries()) entryIds.set(content, ids[i]!)
      }
      return entryIds
    },
    texts: (contents) => (contents.length > 0 ? keep('message_texts', contents) : Promise.resolve([])),
  }
}

const inserts = {
  campaign_entries: `insert into campaign_entries (campaign_id, content_hash, plan_entry_id, variant, segment, priority_score, offer_id, offer, template_id, scheduled_date, send_window, channel)
    select $1, g.hash, e.plan_entry_id, e.variant, e.segment, e.priority_score, offers.id, e.offer, templates.id, e.scheduled_date, e.send_window, e.channel
    from unnest($2::bytea[], $3::jsonb[]) as g(hash, content) cross join lateral jsonb_to_record(g.content) as e(${entryColumns})
      left join offers on offers.id = e.offer_id left join message_templates as templates on templates.id = e.template_id
    on conflict (campaign_id, content_hash) do nothing`,
  message_texts: `insert into message_texts (campaign_id, content_hash, variables)
    select $1, g.hash, g.content from unnest($2::bytea[], $3::jsonb[]) as g(hash, content) on conflict (campaign_id, content_hash) do nothing`,
} as const
