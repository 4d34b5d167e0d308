import type { ClientBase, Pool } from 'pg'
import type { TemplateFinding } from '#core/delivery/check.ts'
import type { MessageTemplate, TemplateInput, TemplateWords } from '#contract/delivery.ts'
import { withTx } from '#db/pool.ts'
import { audit, systemActor, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, notFound } from '../http/errors.ts'
import { requireSendable, type Content } from './check-template.ts'
import { starterTemplates } from './starter-templates/starters.ts'

const columns = `t.id, t.key, t.version, t.name, t.channel, t.category, t.subject_template, t.preheader_template, t.body_mjml_template,
  t.body_text_template, t.variables, t.is_active, t.created_at, t.updated_at`

export interface Saved {
  template: MessageTemplate
  problems: TemplateFinding[]
}

/** Newest version of each template, by name. */
export async function listTemplates(
  ctx: Ctx,
  filter: { channel?: string | undefined; category?: string | undefined; is_active?: boolean | undefined },
): Promise<MessageTemplate[]> {
  const { rows } = await ctx.pool.query<MessageTemplate>(
    `select ${columns} from (select distinct on (x.key) x.* from message_templates as x order by x.key, x.version desc) as t
     where ($1::text is null or t.channel = $1) and ($2::text is null or t.category = $2) and ($3::boolean is null or t.is_active = $3)
     order by t.channel, t.name limit 500`,
    [filter.channel ?? null, filter.category ?? null, filter.is_active ?? null],
  )
  return rows
}

/** Throws not_found. */
export async function readTemplate(
  client: ClientBase | Pool,
  id: string,
): Promise<MessageTemplate & { body_html_template: string | null }> {
  const { rows } = await client.query<MessageTemplate & { body_html_template: string | null }>(
    `select ${columns}, t.body_html_template from message_templates as t where t.id = $1`,
    [id],
  )
  if (!rows[0]) throw notFound('template', id)
  return rows[0]
}

/** Compiles, checks and stores a new template. Throws InputError with what is wrong, or conflict when the key is taken. */
export async function createTemplate(ctx: Ctx, actor: Actor, input: TemplateInput): Promise<Saved> {
  const { html, problems } = await compile(input, 1)
  return withTx(ctx.pool, async (tx) => {
    const template = await insertVersion(tx, { ...input, version: 1 }, html)
    if (!template)
      throw new AppError(
        'conflict',
        `A template with the key ${input.key} exists already; change that one or choose another key.`,
      )
    await audit(tx, actor, { action: 'template.created', entity: 'template', entityId: template.id, after: template })
    return { template, problems }
  })
}

/**
 * All versions of the template that this one belongs to, newest first, and the words it was delivered with (null for
 * one the shop made). Throws not_found.
 */
export async function listVersions(
  ctx: Ctx,
  id: string,
): Promise<{ data: MessageTemplate[]; starter: TemplateWords | null }> {
  const { key } = await readTemplate(ctx.pool, id)
  const { rows } = await ctx.pool.query<MessageTemplate>(
    `select ${columns} from message_templates as t where t.key = $1 order by t.version desc limit 100`,
    [key],
  )
  const starter = starterTemplates().find((s) => s.key === key)
  return { data: rows, starter: starter ? wordsOf(starter) : null }
}

/** Changes a template; words that sends refer to stay as they are and a new version is added. */
export async function updateTemplate(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Partial<Omit<TemplateInput, 'key' | 'channel'>>,
): Promise<Saved> {
  const before = await readTemplate(ctx.pool, id)
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const next: TemplateInput = { ...before, ...given }
  const { html, problems } = await compile(next, before.version)
  const saysTheSame = JSON.stringify(wordsOf(before)) === JSON.stringify(wordsOf(next))
  return withTx(ctx.pool, async (tx) => {
    await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 11))', [before.key])
    const { rows: used } = await tx.query<{ used: boolean; newest: number }>(
      `select exists(select 1 from sends where sends.template_id = $1) or exists(select 1 from actions where actions.template_id = $1) as used,
         (select max(t.version) from message_templates as t where t.key = $2) as newest`,
      [id, before.key],
    )
    const newest = used[0]?.newest ?? before.version
    if (newest !== before.version)
      throw new AppError('edit.stale', 'Somebody has made a newer version of this template; open that one.')
    let template: MessageTemplate | undefined
    if (used[0]?.used && !saysTheSame) {
      template = await insertVersion(tx, { ...next, key: before.key, version: newest + 1 }, html)
      await tx.query('update message_templates set is_active = false, updated_at = now() where id = $1', [id])
    } else {
      const { rows } = await tx.query<MessageTemplate>(
        `update message_templates as t set name = $2, category = $3, subject_template = $4, preheader_template = $5, body_mjml_template = $6,
           body_html_template = $7, body_text_template = $8, variables = $9, is_active = $10, updated_at = now() where t.id = $1 returning ${columns}`,
        [
          id,
          next.name,
          next.category,
          next.subject_template,
          next.preheader_template,
          next.body_mjml_template,
          html,
          next.body_text_template,
          JSON.stringify(variablesOf(next)),
          next.is_active,
        ],
      )
      template = rows[0]
    }
    if (!template) throw notFound('template', id)
    await audit(tx, actor, {
      action: 'template.changed',
      entity: 'template',
      entityId: template.id,
      before: { ...before, body_html_template: undefined },
      after: template,
    })
    return { template, problems }
  })
}

/** Puts the starter templates in where they are missing; what a shop changed is left alone. */
export async function seedTemplates(ctx: Ctx): Promise<number> {
  const { rows } = await ctx.pool.query<{ key: string }>('select distinct t.key from message_templates as t')
  const have = new Set(rows.map((r) => r.key))
  let added = 0
  for (const starter of starterTemplates()) {
    if (have.has(starter.key)) continue
    const { html } = await compile(starter, 1)
    await withTx(ctx.pool, async (tx) => {
      const template = await insertVersion(tx, { ...starter, version: 1 }, html)
      if (!template) return
      added += 1
      await audit(tx, systemActor, {
        action: 'template.created',
        entity: 'template',
        entityId: template.id,
        reason: 'starter template',
      })
    })
  }
  return added
}

async function compile(
  input: Content & { key: string },
  version: number,
): Promise<{ html: string | null; problems: TemplateFinding[] }> {
  const { channel, key } = input
  const { template, problems } = await requireSendable({ channel, ...wordsOf(input) }, { key, version })
  return { html: template.body_html_template, problems }
}

function wordsOf(content: TemplateWords): TemplateWords {
  const { subject_template, preheader_template, body_mjml_template, body_text_template } = content
  return { subject_template, preheader_template, body_mjml_template, body_text_template }
}

async function insertVersion(
  tx: ClientBase,
  t: TemplateInput & { version: number },
  html: string | null,
): Promise<MessageTemplate | undefined> {
  const { rows } = await tx.query<MessageTemplate>(
    `insert into message_templates as t (key, version, name, channel, category, subject_template, preheader_template, body_mjml_template,
       body_html_template, body_text_template, variables, is_active)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (key, version) do nothing returning ${columns}`,
    [
      t.key,
      t.version,
      t.name,
      t.channel,
      t.category,
      t.subject_template,
      t.preheader_template,
      t.body_mjml_template,
      html,
      t.body_text_template,
      JSON.stringify(variablesOf(t)),
      t.is_active,
    ],
  )
  return rows[0]
}

function variablesOf(content: Content): string[] {
  const whole = [
    content.subject_template,
    content.preheader_template,
    content.body_mjml_template,
    content.body_text_template,
  ].join('\n')
  const holes = whole.match(/\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g)?.join(' ') ?? ''
  return [...new Set(holes.match(/\b(?:first_name|reason|products|(?:offer|store|product)\.[a-z_]+)\b/g) ?? [])].sort()
}
