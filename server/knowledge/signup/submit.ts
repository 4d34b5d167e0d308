import { randomUUID } from 'node:crypto'
import type { Pool } from 'pg'
import { consentWords, readSignup, type Signup, type SignupChannel, type SignupFaults } from '#core/knowledge/signup.ts'
import { withTx } from '#db/pool.ts'
import type { Ctx } from '../../context.ts'
import { createWindows } from '../../http/windows.ts'
import { closedToSignup } from '../../opt-out.ts'
import { readSetting } from '../../settings.ts'
import { countSignup } from '../../signup-confirm.ts'
import { readStamp } from './stamp.ts'
import { currentTexts } from './texts.ts'

export interface PublicForm {
  id: string
  key: string
  name: string
  store_id: string | null
  channels: SignupChannel[]
  headline: string
  intro: string
  thanks: string
  asks_name: boolean
  asks_zip: boolean
  sites: string[]
  is_active: boolean
}

export const vias = ['page', 'embed', 'qr'] as const
export type Via = (typeof vias)[number]

export interface Visitor {
  ip: string
  userAgent: string | null
}

export type Submitted =
  | { kind: 'asked' }
  | { kind: 'faults'; faults: SignupFaults }
  | { kind: 'under_age' }
  | { kind: 'again'; note: string }
  | { kind: 'too_many' }

export async function findForm(pool: Pool, key: string): Promise<PublicForm | null> {
  const { rows } = await pool.query<PublicForm>(
    `select f.id, f.key, f.name, f.store_id, f.channels, f.headline, f.intro, f.thanks, f.asks_name, f.asks_zip, f.sites, f.is_active
     from signup_forms as f where f.key = $1`,
    [key],
  )
  return rows[0] ?? null
}

// Per address and hour. The database counts what was stored, these windows everything else, in this process.
const storedPerHour = 10
const postsPerHour = 40
const perStamp = 8
const asksPerDay = 3
const quietMinutes = 10
const posts = createWindows(3_600_000)
const stamps = createWindows(3 * 3_600_000)

/**
 * Takes a posted form. What a robot gets is what a person gets: a page that asks to look into the mailbox. A stored
 * sign-up is no consent; it only makes the worker ask (ask.ts).
 */
export async function submitSignup(
  ctx: Ctx,
  form: PublicForm,
  posted: Readonly<Record<string, string>>,
  visitor: Visitor,
): Promise<Submitted> {
  const now = ctx.clock()
  const via: Via = vias.find((v) => v === posted['via']) ?? 'page'
  const count = (what: 'robots' | 'under_age' | 'sent'): Promise<void> => countSignup(ctx.pool, form.id, via, what, now)
  if (posts.add(`${form.id} ${visitor.ip}`, now.getTime()).count > postsPerHour) {
    await count('robots')
    return { kind: 'too_many' }
  }
  const stamp = readStamp(ctx.config.secret, form.key, posted['stamp'] ?? '', now)
  if (stamp.kind === 'old') return { kind: 'again', note: 'This page was open for a long time. Press once more.' }
  if (
    (posted['website'] ?? '') !== '' ||
    stamp.kind !== 'ok' ||
    stamps.add(stamp.nonce, now.getTime()).count > perStamp
  ) {
    await count('robots')
    return { kind: 'asked' }
  }
  const read = readSignup(posted, { ...form, now })
  if (read.kind === 'under_age') {
    await count('under_age')
    return { kind: 'under_age' }
  }
  if (read.kind === 'faults') return read
  if (await isTooOften(ctx, visitor.ip, now)) {
    await count('robots')
    return { kind: 'too_many' }
  }
  await store(
    ctx,
    form,
    read.signup,
    { via, page: pageOf(posted['page']), storeId: posted['store'] ?? null },
    visitor,
    now,
  )
  await count('sent')
  return { kind: 'asked' }
}

// A house has a whole /64 of IPv6 addresses.
async function isTooOften(ctx: Ctx, ip: string, now: Date): Promise<boolean> {
  const { rows } = await ctx.pool.query<{ n: number }>(
    `select count(distinct g.submission_id)::int as n from signups as g where g.ip <<= case when family($1::inet) = 6 then network(set_masklen($1::inet, 64)) else $1::cidr end and g.created_at > $2::timestamptz - interval '1 hour'`,
    [ip, now],
  )
  return (rows[0]?.n ?? 0) >= storedPerHour
}

/** Origin and path of the page around a frame, without what may stand behind "?". */
function pageOf(text: string | undefined): string | null {
  try {
    const url = new URL(text ?? '')
    return /^https?:$/.test(url.protocol) ? `${url.origin}${url.pathname}`.slice(0, 300) : null
  } catch {
    return null
  }
}

async function store(
  ctx: Ctx,
  form: PublicForm,
  signup: Signup,
  from: { via: Via; page: string | null; storeId: string | null },
  visitor: Visitor,
  now: Date,
): Promise<void> {
  const [texts, shop] = await Promise.all([currentTexts(ctx.pool), readSetting(ctx.pool, 'shop')])
  const submission = randomUUID()
  await withTx(ctx.pool, async (tx) => {
    const { rows: stores } = await tx.query<{ id: string }>(
      `select s.id from stores as s where s.id::text = $1 or ($1 is null and (select count(*) from stores) = 1)`,
      [form.store_id ?? from.storeId],
    )
    for (const { channel, address } of signup.addresses) {
      // One at a time for an address: two posts at once ask once.
      await tx.query(`select pg_advisory_xact_lock(hashtextextended('sign-up ' || $1, 7))`, [address])
      if (await closedToSignup(tx, ctx.config, channel, address)) {
        await countSignup(tx, form.id, from.via, 'closed', now)
        continue
      }
      const { rows: earlier } = await tx.query<{ day: number; lately: number }>(
        `select count(*)::int as day, count(*) filter (where g.created_at > $3::timestamptz - interval '${quietMinutes} minutes')::int as lately
         from signups as g where g.channel = $1 and g.address = $2 and g.created_at > $3::timestamptz - interval '1 day'`,
        [channel, address, now],
      )
      // Nobody's mailbox is filled through this form.
      if (earlier[0]!.day >= asksPerDay || earlier[0]!.lately > 0) continue
      await tx.query(
        `insert into signups (submission_id, form_id, store_id, channel, address, first_name, birth_date, zip, text_version, consent_text, via, page, ip, user_agent, ask_at, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::inet, left($14, 300), $15, $15)`,
        [
          submission,
          form.id,
          stores[0]?.id ?? null,
          channel,
          address,
          signup.first_name,
          signup.birth_date,
          signup.zip,
          texts[channel].version,
          consentWords(texts[channel].text, shop.name),
          from.via,
          from.page,
          visitor.ip,
          visitor.userAgent,
          now,
        ],
      )
    }
  })
}
