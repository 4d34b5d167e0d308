import type { ClientBase, Pool } from 'pg'
import type { Dimension, experiments, VariantContent } from '#contract/experiments.ts'
import type { Answer, Received } from '#contract/http.ts'
import { allocate, mostBanditArms } from '#core/experiments/bandit.ts'
import { compileTemplate } from '#core/delivery/template.ts'
import { isEditable } from '#core/planning/lifecycle.ts'
import { withTx } from '#db/pool.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { AppError, InputError, notFound } from '../../http/errors.ts'
import { findCampaign } from '../campaigns.ts'
import { readArms } from './arms-data.ts'

type Shown = Answer<typeof experiments.get>
export interface StoredExperiment extends Shown {
  salt: string
  /** figures as they were when the test was decided */
  kept: unknown
  campaign_started_at: Date | null
  campaign_end_date: string | null
}

const select = `select e.id, e.campaign_id, c.name as campaign_name, c.status as campaign_status, c.started_at as campaign_started_at, c.end_date as campaign_end_date, e.name, e.hypothesis,
    e.dimension, e.metric, e.min_effect::float8 as min_effect, e.allocation, e.rollout, e.status, e.continues, e.winner, e.decision, e.created_at, e.started_at, e.finished_at, e.salt, e.arms as kept,
    (select coalesce(jsonb_agg(jsonb_build_object('key', v.key, 'label', v.label, 'weight', v.weight, 'content', v.content,
       'template', t.name, 'offer', o.title) order by v.position), '[]') from campaign_variants as v
       left join message_templates as t on t.id = (v.content ->> 'template_id')::uuid left join offers as o on o.id = (v.content ->> 'offer_id')::uuid
       where v.campaign_id = e.campaign_id) as variants
  from experiments as e left join campaigns as c on c.id = e.campaign_id where e.kind = 'ab'`

interface VariantRow {
  key: string
  label: string
  weight: number
  content: VariantContent
  template: string | null
  offer: string | null
}
type Row = Omit<StoredExperiment, 'variants'> & { variants: VariantRow[] }

function read(row: Row): StoredExperiment {
  return {
    ...row,
    variants: row.variants.map(({ template, offer, ...v }) => ({ ...v, words: wordsOf(v.content, template, offer) })),
  }
}

function wordsOf(content: VariantContent, template: string | null, offer: string | null): string {
  if (content.subject) return `Subject “${content.subject}”`
  if (content.template_id) return `Template “${template ?? 'removed'}”`
  if (content.offer_id) return `Offer “${offer ?? 'removed'}”`
  if (content.window) return `Sent between ${content.window.start} and ${content.window.end}`
  if (content.channel) return content.channel === 'sms' ? 'As a text' : 'As an email'
  return 'As planned'
}

/** As the API shows it. */
export function shownExperiment({
  salt: _,
  kept: __,
  campaign_started_at: ___,
  campaign_end_date: ____,
  ...e
}: StoredExperiment): Shown {
  return e
}

/** Throws not_found. `lock` holds it against other decisions. */
export async function findExperiment(client: ClientBase | Pool, id: string, lock = false): Promise<StoredExperiment> {
  const { rows } = await client.query<Row>(`${select} and e.id = $1 ${lock ? 'for update of e' : ''}`, [id])
  if (!rows[0]) throw notFound('test', id)
  return read(rows[0])
}

export async function listExperiments(
  client: Pool,
  filter: { page: number; page_size: number; status?: string[] | undefined; campaign_id?: string | undefined },
): Promise<{ data: Shown[]; total: number }> {
  const where = `($1::text[] is null or e.status = any($1)) and ($2::uuid is null or e.campaign_id = $2)`
  const args = [filter.status?.length ? filter.status : null, filter.campaign_id ?? null]
  const [{ rows }, { rows: count }] = await Promise.all([
    client.query<Row>(`${select} and ${where} order by e.id desc limit $3 offset $4`, [
      ...args,
      filter.page_size,
      (filter.page - 1) * filter.page_size,
    ]),
    client.query<{ n: number }>(`select count(*) as n from experiments as e where e.kind = 'ab' and ${where}`, args),
  ])
  return { data: rows.map((r) => shownExperiment(read(r))), total: count[0]!.n }
}

type CreateInput = Received<typeof experiments.create>['body']
type VariantInput = CreateInput['variants'][number]
const field: Record<Dimension, keyof VariantContent> = {
  subject: 'subject',
  template: 'template_id',
  offer: 'offer_id',
  send_time: 'window',
  channel: 'channel',
}

/** Faults of the versions with their fields: each differs in the tested thing only, and in that from every other. */
async function checkVariants(
  client: ClientBase | Pool,
  dimension: Dimension,
  variants: readonly VariantInput[],
): Promise<void> {
  const errors: { path: string; message: string }[] = []
  const own = field[dimension]
  const seen = new Map<string, number>()
  for (const [i, v] of variants.entries()) {
    const path = `variants.${i}.content`
    for (const key of Object.keys(v.content) as (keyof VariantContent)[])
      if (key !== own && v.content[key] !== undefined)
        errors.push({
          path: `${path}.${key}`,
          message: `This test is about the ${dimension.replace('_', ' ')}; change one thing at a time.`,
        })
    const value = JSON.stringify(v.content[own] ?? null)
    const other = seen.get(value)
    if (other !== undefined)
      errors.push({
        path: `${path}.${own}`,
        message: `This is the same as version ${letter(other)}. Versions must differ.`,
      })
    seen.set(value, i)
    if (v.content.subject !== undefined) {
      try {
        compileTemplate(v.content.subject, 'line')
      } catch (error) {
        errors.push({ path: `${path}.subject`, message: (error as Error).message })
      }
    }
    if (v.content.window && v.content.window.start >= v.content.window.end)
      errors.push({ path: `${path}.window`, message: 'The window ends before it begins.' })
  }
  const templates = variants.flatMap((v) => v.content.template_id ?? [])
  const offers = variants.flatMap((v) => v.content.offer_id ?? [])
  const { rows } = await client.query<{ id: string }>(
    `select t.id from message_templates as t where t.id = any($1::uuid[]) and t.is_active union all select o.id from offers as o where o.id = any($2::uuid[]) and o.is_active`,
    [templates, offers],
  )
  const known = new Set(rows.map((r) => r.id))
  for (const [i, v] of variants.entries()) {
    if (v.content.template_id && !known.has(v.content.template_id))
      errors.push({ path: `variants.${i}.content.template_id`, message: 'There is no such active template.' })
    if (v.content.offer_id && !known.has(v.content.offer_id))
      errors.push({ path: `variants.${i}.content.offer_id`, message: 'There is no such active offer.' })
  }
  if (errors.length > 0) throw new InputError(errors)
}

const letter = (i: number): string => 'ABCDEF'[i]!

async function writeVariants(
  tx: ClientBase,
  campaignId: string,
  variants: readonly VariantInput[],
  weights: readonly number[] | null,
): Promise<void> {
  await tx.query('delete from campaign_variants where campaign_variants.campaign_id = $1', [campaignId])
  await tx.query(
    `insert into campaign_variants (campaign_id, key, label, weight, content, position)
     select $1, g.key, g.label, g.weight, g.content, g.position from jsonb_to_recordset($2::jsonb) as g(key text, label text, weight real, content jsonb, position int)`,
    [
      campaignId,
      JSON.stringify(
        variants.map((v, i) => ({
          key: letter(i),
          label: v.label,
          weight: weights?.[i] ?? v.weight,
          content: v.content,
          position: i,
        })),
      ),
    ],
  )
}

/** Shares of the next week from what the week before has shown; null where nothing was. */
async function learnedWeights(ctx: Ctx, input: CreateInput): Promise<number[] | null> {
  if (input.allocation !== 'thompson') return null
  if (input.variants.length > mostBanditArms)
    throw new InputError([
      {
        path: 'allocation',
        message: `Shares that learn need at most ${mostBanditArms} versions: with more, a shop’s mail never learns enough.`,
      },
    ])
  if (input.metric === 'revenue')
    throw new InputError([{ path: 'allocation', message: 'Shares can learn from clicks or orders, not from revenue.' }])
  if (!input.continues) return null
  const before = await findExperiment(ctx.pool, input.continues)
  if (before.variants.length !== input.variants.length)
    throw new InputError([{ path: 'continues', message: 'The week before had another number of versions.' }])
  const arms = await readArms(ctx, before)
  return allocate(arms.map((a) => ({ successes: Math.min(a.data.y, a.data.n), n: a.data.n })))
}

/** Throws conflict when the campaign has started or has a test already. */
export async function createExperiment(ctx: Ctx, actor: Actor, input: CreateInput): Promise<Shown> {
  await checkVariants(ctx.pool, input.dimension, input.variants)
  const weights = await learnedWeights(ctx, input)
  const id = await withTx(ctx.pool, async (tx) => {
    const campaign = await findCampaign(tx, input.campaign_id, true)
    if (!isEditable(campaign.status))
      throw new AppError('conflict', 'The campaign has started; who gets what is drawn. Test in the next one.', {
        status: campaign.status,
      })
    const { rows: other } = await tx.query<{ id: string; name: string }>(
      `select e.id, e.name from experiments as e where e.campaign_id = $1 and e.kind = 'ab'`,
      [input.campaign_id],
    )
    if (other[0])
      throw new AppError(
        'conflict',
        `The campaign has the test “${other[0].name}” already. Two at once, and nobody knows which made the difference.`,
        { id: other[0].id },
      )
    const { rows } = await tx.query<{ id: string }>(
      `insert into experiments (campaign_id, name, hypothesis, salt, kind, arms, status, dimension, metric, min_effect, allocation, rollout, continues, created_by)
       values ($1, $2, $3, uuidv7()::text, 'ab', '[]', 'draft', $4, $5, $6, $7, $8, $9, $10) returning id`,
      [
        input.campaign_id,
        input.name,
        input.hypothesis,
        input.dimension,
        input.metric,
        input.min_effect,
        input.allocation,
        input.rollout,
        input.continues ?? null,
        actor.kind === 'user' ? actor.id : null,
      ],
    )
    await writeVariants(tx, input.campaign_id, input.variants, weights)
    await audit(tx, actor, { action: 'experiment.created', entity: 'experiment', entityId: rows[0]!.id, after: input })
    return rows[0]!.id
  })
  return shownExperiment(await findExperiment(ctx.pool, id))
}

/** A draft may change in all but its dimension; a running one only in how it is rolled out. */
export async function updateExperiment(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Received<typeof experiments.update>['body'],
): Promise<Shown> {
  const given = Object.fromEntries(Object.entries(change).filter(([, v]) => v !== undefined)) as typeof change
  await withTx(ctx.pool, async (tx) => {
    const before = await findExperiment(tx, id, true)
    const allowed = before.status === 'draft' || Object.keys(given).every((k) => k === 'rollout' || k === 'name')
    if (before.status === 'finished' || !allowed)
      throw new AppError(
        'conflict',
        'The draw is made: only the name and how the winner is rolled out may still change.',
        {
          status: before.status,
        },
      )
    if (given.variants) await checkVariants(tx, before.dimension, given.variants)
    const after = { ...before, ...given }
    if (after.allocation === 'thompson' && (after.variants.length > mostBanditArms || after.metric === 'revenue'))
      throw new InputError([
        { path: 'allocation', message: 'Shares can learn from clicks or orders of at most four versions.' },
      ])
    await tx.query(
      `update experiments set name = $2, hypothesis = $3, metric = $4, min_effect = $5, allocation = $6, rollout = $7, updated_at = now() where experiments.id = $1`,
      [id, after.name, after.hypothesis, after.metric, after.min_effect, after.allocation, after.rollout],
    )
    if (given.variants) await writeVariants(tx, before.campaign_id!, given.variants, null)
    await audit(tx, actor, {
      action: 'experiment.updated',
      entity: 'experiment',
      entityId: id,
      before: shownExperiment(before),
      after: given,
    })
  })
  return shownExperiment(await findExperiment(ctx.pool, id))
}

export async function removeExperiment(ctx: Ctx, actor: Actor, id: string): Promise<void> {
  await withTx(ctx.pool, async (tx) => {
    const before = await findExperiment(tx, id, true)
    if (before.status !== 'draft')
      throw new AppError('conflict', 'A test that has run is part of the record. Stop it instead.', {
        status: before.status,
      })
    await tx.query('delete from campaign_variants where campaign_variants.campaign_id = $1', [before.campaign_id])
    await tx.query('delete from experiments where experiments.id = $1', [id])
    await audit(tx, actor, {
      action: 'experiment.removed',
      entity: 'experiment',
      entityId: id,
      before: shownExperiment(before),
    })
  })
}
