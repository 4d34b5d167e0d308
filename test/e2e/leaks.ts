import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import type { Cluster } from '../postgres.ts'
import { startSpanCollector } from '../span-collector.ts'

/** Tokens whatever their value; with a name, so that a finding does not print them. */
const tokens: Record<string, RegExp> = {
  'an access token': /\beyJ[\w-]{20,}\.eyJ[\w-]+\.[\w-]+/g,
  'an API key': /\blma_[a-z0-9]{8}_[\w-]{43}/g,
  'a signing secret': /\bwhsec_[\w+/=]{20,}/g,
}

/**
 * The product run with everything on that tells tales: log at its loudest, traces to a collector, and the prompts of the
 * specs' language model kept. At the end all of it, the wake-ups of jobs and a dump of the database are searched for every
 * address, number and name of the shop, for tokens, and for the secrets that the specs typed in (`seeded` in session.ts).
 */
export async function startListening(cluster: Cluster, databaseUrl: string) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lma-leaks-'))
  const [seededFile, promptsFile] = [path.join(folder, 'seeded'), path.join(folder, 'prompts')]
  for (const file of [seededFile, promptsFile]) closeSync(openSync(file, 'a'))
  Object.assign(process.env, { E2E_SEEDED: seededFile, E2E_PROMPTS: promptsFile })
  const logFile = path.join(folder, 'log')
  const log = openSync(logFile, 'a')
  const collector = await startSpanCollector()
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  const column = async (sql: string): Promise<string[]> =>
    (await pool.query<{ v: string }>(sql)).rows.map((r) => r.v.toLowerCase())
  const [people, phones, names] = [new Set<string>(), new Set<string>(), new Set<string>()]
  /** Everybody who is in the shop now. The last spec removes the demo, so they are met while it runs. */
  async function meet(): Promise<void> {
    for (const v of await column(
      `select c.email::text as v from customers as c where c.email is not null union select u.email::text from users as u
       union select g.address from signups as g where g.channel = 'email' union select i.email::text from identities as i where i.email is not null`,
    ))
      people.add(v)
    // The demo's sign-in is the same everywhere and printed at the start, on purpose.
    people.delete('demo@liquor-agent.test')
    for (const v of await column(
      `select substr(c.phone, 2) as v from customers as c where c.phone is not null union select substr(i.phone, 2) from identities as i where i.phone is not null`,
    ))
      phones.add(v)
    for (const v of await column(
      `select c.name as v from customers as c where c.name like '% %' and length(c.name) > 8`,
    ))
      names.add(v)
  }
  // Before the tables are there it has nobody to meet; the search at the end fails if it met too few.
  const meeting = setInterval(() => void meet().catch(() => undefined), 10_000)

  /** Looks, prints what it found, and throws when that is anything. The product still runs. */
  async function search(): Promise<void> {
    clearInterval(meeting)
    await meet()
    const wakeUps: string[] = []
    for (const name of await column(
      `select format('%I.%I', n.nspname, c.relname) as v from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where n.nspname = 'jobs' and c.relkind in ('r', 'p')`,
    ))
      wakeUps.push(...(await column(`select t::text as v from ${name} as t`)))
    wakeUps.push(...(await column(`select t.input::text as v from jobs as t where t.input is not null`)))
    await pool.end()
    const places: Record<string, string> = {
      log: readFileSync(logFile, 'utf8'),
      spans: collector.posts.join('\n'),
      'wake-ups': wakeUps.join('\n'),
      prompts: readFileSync(promptsFile, 'utf8'),
    }
    const secrets = [...new Set(readFileSync(seededFile, 'utf8').split('\n').filter(Boolean))]
    const hits: string[] = []
    for (const [place, text] of Object.entries(places)) {
      for (const [address] of text.matchAll(/[\w.+'-]+@[\w-]+(?:\.[\w-]+)+/g))
        if (people.has(address.toLowerCase())) hits.push(`${place}: the address ${address}`)
      for (const [number] of text.matchAll(/(?<!\d)\d{10,15}(?!\d)/g))
        if (phones.has(number) || phones.has(`1${number}`)) hits.push(`${place}: the number ${number}`)
      for (const [name] of text.matchAll(/\p{Lu}[\p{L}'-]+ \p{Lu}[\p{L}'-]+/gu))
        if (names.has(name.toLowerCase())) hits.push(`${place}: the name ${name}`)
      for (const [what, pattern] of Object.entries(tokens))
        if (text.search(pattern) >= 0) hits.push(`${place}: ${what}`)
      for (const secret of secrets) if (text.includes(secret)) hits.push(`${place}: the secret ${secret}`)
    }
    const { port, pathname, username } = new URL(databaseUrl)
    const file = path.join(cluster.folder, 'dump.sql')
    cluster.tool('pg_dump', ['-h', '127.0.0.1', '-p', port, '-U', username, '-d', pathname.slice(1), '-f', file])
    const dump = readFileSync(file, 'utf8')
    for (const secret of secrets)
      for (const form of [
        secret,
        Buffer.from(secret).toString('hex'),
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      ])
        if (dump.includes(form)) hits.push(`dump: the secret ${secret}`)
    for (const what of ['an API key', 'a signing secret'])
      if (dump.search(tokens[what]!) >= 0) hits.push(`dump: ${what}`)
    process.stdout.write(
      JSON.stringify({
        leaks: hits.length,
        addresses: people.size,
        numbers: phones.size,
        names: names.size,
        secrets: secrets.length,
        log_lines: places['log']!.split('\n').length - 1,
        span_batches: collector.posts.length,
        wake_ups: wakeUps.length,
        prompts: places['prompts']!.split('\n').length - 1,
        dump_mb: Math.round(dump.length / 1e5) / 10,
        found: [...new Set(hits)].slice(0, 50),
      }) + '\n',
    )
    if (hits.length > 0) throw new Error(`${hits.length} leaks, see above`)
    // What was not there to be searched proves nothing.
    if (people.size < 100 || collector.posts.length < 5 || places['log']!.length < 100_000)
      throw new Error('there was too little to search')
  }

  return {
    env: {
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
    log,
    search,
    close(): void {
      clearInterval(meeting)
      closeSync(log)
      collector.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
