import type { ClientBase, Pool } from 'pg'
import type { Backtest } from '#core/scoring/backtest.ts'
import type { ShopFit, ShopModel } from '#core/scoring/shop-model.ts'
import type { DataRange } from './shop-facts.ts'

export interface StoredModel {
  version: string
  as_of: Date
  model: ShopModel
  fit: ShopFit & { data: DataRange; fit_seconds: number }
  backtest: Backtest | null
  created_at: Date
}

const kept = 100

/** Keeps a model; the oldest beyond a hundred go. The same data give the same version, and then nothing changes. */
export async function storeModel(tx: ClientBase, stored: Omit<StoredModel, 'created_at'>, now: Date): Promise<void> {
  await tx.query(
    `insert into model_versions (version, as_of, model, fit, backtest, created_at) values ($1, $2, $3, $4, $5, $6)
     on conflict (version) do update set created_at = excluded.created_at`,
    [
      stored.version,
      stored.as_of,
      JSON.stringify(stored.model),
      JSON.stringify(stored.fit),
      stored.backtest === null ? null : JSON.stringify(stored.backtest),
      now,
    ],
  )
  await tx.query(
    `delete from model_versions as m where m.version in (
       select o.version from model_versions as o order by o.created_at desc, o.as_of desc, o.version offset $1)`,
    [kept],
  )
}

const columns = 'm.version, m.as_of, m.model, m.fit, m.backtest, m.created_at'

/** The model that scores are made with, or an earlier one; null when there is none. */
export async function readModel(client: ClientBase | Pool, version?: string): Promise<StoredModel | null> {
  const { rows } = await client.query<StoredModel>(
    `select ${columns} from model_versions as m where $1::text is null or m.version = $1 order by m.created_at desc, m.as_of desc, m.version limit 1`,
    [version ?? null],
  )
  return rows[0] ?? null
}
