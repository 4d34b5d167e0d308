import { createHash } from 'node:crypto'
import type { Pool } from 'pg'

const known = new WeakMap<Pool, Map<string, string>>()

/** Ids of the addresses that clicks may lead to; new ones are stored. Only http and https get in. */
export async function ensureLinks(pool: Pool, urls: readonly string[]): Promise<Map<string, string>> {
  let cache = known.get(pool)
  if (!cache) known.set(pool, (cache = new Map()))
  const missing = [...new Set(urls)].filter((url) => !cache.has(url) && /^https?:\/\//i.test(url))
  if (missing.length > 0) {
    const { rows } = await pool.query<{ id: string; url: string }>(
      `insert into links as l (url, url_hash) select g.url, g.hash from unnest($1::text[], $2::bytea[]) as g(url, hash)
       on conflict (url_hash) do update set url = l.url returning l.id, l.url`,
      [missing, missing.map((url) => createHash('sha256').update(url).digest())],
    )
    if (cache.size > 10_000) cache.clear()
    for (const row of rows) cache.set(row.url, row.id)
  }
  return new Map(urls.flatMap((url) => (cache.has(url) ? [[url, cache.get(url)!] as const] : [])))
}
