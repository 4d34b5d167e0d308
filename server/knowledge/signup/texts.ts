import type { Pool } from 'pg'
import type { z } from 'zod'
import type { ConsentText } from '#contract/signup.ts'
import { lacksOfConsentText } from '#core/knowledge/consent-text.ts'
import { textVersionOf, type SignupChannel } from '#core/knowledge/signup.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { InputError } from '../../http/errors.ts'

type Shown = z.input<typeof ConsentText>

/** Every version, newest first. */
export async function listTexts(ctx: Ctx): Promise<Shown[]> {
  const { rows } = await ctx.pool.query<Shown>(
    `select t.id, t.channel, t.version, t.text, u.full_name as created_by, t.created_at,
       (select count(*) from signups as g where g.status = 'confirmed' and g.text_version = 'sign-up ' || t.channel || ' v' || t.version)::int as confirmed,
       t.version = max(t.version) over (partition by t.channel) as is_current
     from consent_texts as t left join users as u on u.id = t.created_by order by t.channel, t.version desc limit 500`,
  )
  return rows
}

/** The text that is shown now, by channel. */
export async function currentTexts(pool: Pool): Promise<Record<SignupChannel, { text: string; version: string }>> {
  const { rows } = await pool.query<{ channel: SignupChannel; version: number; text: string }>(
    'select distinct on (t.channel) t.channel, t.version, t.text from consent_texts as t order by t.channel, t.version desc',
  )
  const of = (channel: SignupChannel): { text: string; version: string } => {
    const row = rows.find((r) => r.channel === channel)!
    return { text: row.text, version: textVersionOf(channel, row.version) }
  }
  return { email: of('email'), sms: of('sms') }
}

/** Throws InputError with everything the text lacks. The same text again is no new version. */
export async function addText(
  ctx: Ctx,
  actor: Actor,
  { channel, text }: { channel: SignupChannel; text: string },
): Promise<Shown> {
  const lacks = lacksOfConsentText(channel, text)
  if (lacks.length > 0) throw new InputError(lacks.map((message) => ({ path: 'text', message })))
  const id = await withTx(ctx.pool, async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('consent text ' || $1, 7))`, [channel])
    const { rows: before } = await tx.query<{ id: string; version: number; text: string }>(
      'select t.id, t.version, t.text from consent_texts as t where t.channel = $1 order by t.version desc limit 1',
      [channel],
    )
    if (before[0]?.text === text) return before[0].id
    const { rows } = await tx.query<{ id: string }>(
      'insert into consent_texts (channel, version, text, created_by, created_at) values ($1, $2, $3, $4, $5) returning id',
      [channel, (before[0]?.version ?? 0) + 1, text, actor.kind === 'user' ? actor.id : null, ctx.clock()],
    )
    await audit(tx, actor, {
      action: 'consent_text.added',
      entity: 'consent_text',
      entityId: rows[0]!.id,
      before: before[0] ? { version: before[0].version, text: before[0].text } : null,
      after: { channel, text },
    })
    return rows[0]!.id
  })
  return (await listTexts(ctx)).find((t) => t.id === id)!
}
