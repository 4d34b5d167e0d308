import type { ClientBase, Pool } from 'pg'
import { checkTemplate, type TemplateFinding } from '#core/delivery/check.ts'
import type { TemplateSource } from '#core/delivery/plan.ts'
import type { MessageTemplate, TemplateInput } from '#contract/delivery.ts'
import { withTx } from '#db/pool.ts'
import { audit, systemActor, type Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { compileMjml } from './mjml.ts'
import { starterEmails } from './starter-templates/email.ts'
import { letterMjml, letterText, starterColor } from './starter-templates/frame.ts'
import { emptyVariables, sampleStore, sampleVariables } from './starter-templates/sample.ts'
import { starterTexts } from './starter-templates/sms.ts'

const columns = `t.id, t.key, t.version, t.name, t.channel, t.category, t.subject_template, t.preheader_template, t.body_mjml_template,
  t.body_text_template, t.variables, t.is_active, t.created_at, t.updated_at`

type Content = Pick<
  TemplateInput,
  'channel' | 'subject_template' | 'preheader_template' | 'body_mjml_template' | 'body_text_template'
>

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
  const { html, problems } = await compileAndCheck(input.key, 1, input)
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

/** Changes a template; a version that sends refer to stays as it is and a new one is added. */
export async function updateTemplate(
  ctx: Ctx,
  actor: Actor,
  id: string,
  change: Partial<Omit<TemplateInput, 'key' | 'channel'>>,
): Promise<Saved> {
  const before = await readTemplate(ctx.pool, id)
  const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
  const next: TemplateInput = { ...before, ...given }
  const { html, problems } = await compileAndCheck(before.key, before.version, next)
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
    if (used[0]?.used) {
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
  const starters: TemplateInput[] = [
    ...starterEmails.map((e) => ({
      key: e.key,
      name: e.name,
      channel: 'email' as const,
      category: e.category,
      subject_template: e.subject,
      preheader_template: e.preheader,
      body_mjml_template: letterMjml(e.letter),
      body_text_template: letterText(e.letter),
      is_active: true,
    })),
    ...starterTexts.map((t) => ({
      key: `${t.key}_sms`,
      name: `${t.name} (text)`,
      channel: 'sms' as const,
      category: t.category,
      subject_template: null,
      preheader_template: null,
      body_mjml_template: null,
      body_text_template: t.body,
      is_active: true,
    })),
  ]
  let added = 0
  for (const starter of starters) {
    if (have.has(starter.key)) continue
    const { html } = await compileAndCheck(starter.key, 1, starter)
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

/** What is wrong with a stored template, for its preview. */
export function findProblems(template: TemplateSource): TemplateFinding[] {
  return checkTemplate(
    template,
    {
      known: { variables: sampleVariables, store: sampleStore },
      unknown: { variables: emptyVariables, store: sampleStore },
    },
    { trackOpens: true, trackClicks: true, brandColor: starterColor, starterColor },
  )
}

async function compileAndCheck(
  key: string,
  version: number,
  content: Content,
): Promise<{ html: string | null; problems: TemplateFinding[] }> {
  let html: string | null = null
  const problems: TemplateFinding[] = []
  if (content.channel === 'email') {
    if (!content.subject_template)
      throw new InputError([{ path: 'subject_template', message: 'An email needs a subject.' }])
    if (!content.body_mjml_template)
      throw new InputError([{ path: 'body_mjml_template', message: 'An email needs a body.' }])
    const compiled = await compileMjml(content.body_mjml_template)
    html = compiled.html
    if (html === '')
      throw new InputError([{ path: 'body_mjml_template', message: compiled.errors[0] ?? 'The MJML cannot be read.' }])
    problems.push(...compiled.errors.map((message) => ({ level: 'warning' as const, message })))
  }
  problems.push(
    ...findProblems({
      id: '00000000-0000-7000-8000-000000000000',
      key,
      version,
      channel: content.channel,
      subject_template: content.subject_template,
      preheader_template: content.preheader_template,
      body_html_template: html,
      body_text_template: content.body_text_template,
    }),
  )
  const errors = problems.filter((p) => p.level === 'error')
  if (errors.length > 0)
    throw new InputError(
      errors.map((e) => ({
        path: content.channel === 'email' ? 'body_mjml_template' : 'body_text_template',
        message: e.message,
      })),
    )
  return { html, problems }
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
