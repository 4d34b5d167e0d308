import type { Job } from '#contract/common.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { AppError, InputError, notFound } from '../http/errors.ts'
import { begin } from './bulk/start.ts'
import { likeText } from './customer-filter.ts'

interface TagRow {
  tag: string
  customers: number
  used_by: string[]
}

/** Tags of live customers, most used first. */
export async function listTags(ctx: Ctx, query: { q?: string | undefined }): Promise<{ data: TagRow[] }> {
  const { rows } = await ctx.pool.query<TagRow>(
    `with used as (
       select x.tag, count(*) as customers from customers as c cross join unnest(c.tags) as x(tag)
       where c.deleted_at is null and c.tags <> '{}' group by x.tag
     )
     select used.tag, used.customers,
       array(select g.name from segments as g where g.deleted_at is null and ${askedFor('used.tag')} order by g.name limit 5) as used_by
     from used where $1::text is null or used.tag like $1 order by used.customers desc, used.tag limit 500`,
    [query.q ? `%${likeText(query.q)}%` : null],
  )
  return { data: rows }
}

// Wherever in the tree a condition over tags stands.
const askedFor = (tag: string): string =>
  `jsonb_path_exists(g.rules, '$.** ? (@.field == "tags").value[*] ? (@ == $tag)', jsonb_build_object('tag', ${tag}))`

/** Throws not_found; conflict while a segment's rule asks for the tag, for that segment would silently become another. */
async function checkFree(ctx: Ctx, tag: string): Promise<void> {
  const { rows } = await ctx.pool.query<{ exists: boolean; used_by: string[] }>(
    `select exists (select from customers as c where c.tags @> array[$1::text] and c.deleted_at is null) as exists,
       array(select g.name from segments as g where g.deleted_at is null and ${askedFor('$1::text')} order by g.name limit 5) as used_by`,
    [tag],
  )
  const { exists, used_by: usedBy } = rows[0]!
  if (!exists) throw notFound('tag')
  if (usedBy.length > 0)
    throw new AppError(
      'conflict',
      `${usedBy.join(', ')} ${usedBy.length === 1 ? 'asks' : 'ask'} for this tag. Change that rule first, or add the new tag beside this one.`,
      { segments: usedBy },
    )
}

/** A job that renames the tag on everybody; into one that exists, the two become one. */
export async function renameTag(ctx: Ctx, actor: Actor, tag: string, name: string): Promise<Job> {
  if (tag === name) throw new InputError([{ path: 'name', message: 'This is its name already.' }])
  await checkFree(ctx, tag)
  return begin(ctx, actor, { action: 'rename_tag', tag, name, ...everybodyWith(ctx, actor, tag) })
}

/** A job that takes the tag from everybody. */
export async function removeTag(ctx: Ctx, actor: Actor, tag: string): Promise<Job> {
  await checkFree(ctx, tag)
  return begin(ctx, actor, { action: 'remove_tag', tag, ...everybodyWith(ctx, actor, tag) })
}

const everybodyWith = (ctx: Ctx, actor: Actor, tag: string) => ({
  filter: { tags: [tag] },
  at: ctx.clock().toISOString(),
  role: actor.role,
})
