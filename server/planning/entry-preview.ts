import type { EntryPreview } from '#contract/planning.ts'
import { createAssigner, otherGroups, type AssignableCustomer, type Assignment } from '#core/planning/assign.ts'
import type { PlanEntry } from '#core/planning/plan.ts'
import { previewMessage } from '../composer.ts'
import type { Ctx } from '../context.ts'
import { notFound } from '../http/errors.ts'
import { streamAudience, type AudienceMember, type AudienceQuery } from './audience.ts'
import { assignRules, audienceOf } from './gate-query.ts'
import { findCampaign, planOf } from './campaigns.ts'
import { createTexts, variablesOf } from './message-texts.ts'
import { loadGateFacts, ownLimits } from './planner-facts.ts'
import { findShelf } from './shelf.ts'

/** Members of the segment that are looked through for somebody who gets the message. */
const mostWalked = 20_000

interface Found {
  member: AudienceMember
  assignment: Assignment | null
}

/**
 * A message of the plan as a real customer gets it: the template with the words, offer, products and store that the start
 * would freeze for this person, and whether the gate lets it through. Without a customer: the first it reaches after `after`
 * and round again, and where it reaches nobody, the first it is meant for. Nothing is stored. Throws not_found.
 */
export async function previewEntry(
  ctx: Ctx,
  id: string,
  query: { entry: string; customer_id?: string | undefined; after?: string | undefined },
): Promise<EntryPreview> {
  const campaign = await findCampaign(ctx.pool, id)
  const plan = planOf(campaign)
  const entry = plan.entries.find((e) => e.id === query.entry)
  if (!entry?.template_id) throw notFound('plan entry', query.entry)
  const facts = await loadGateFacts(ctx, plan.week_start, ownLimits(campaign))
  const assign = createAssigner(assignRules(facts, plan.entries, ctx.clock()))
  const audience = await audienceOf(ctx.pool, campaign, facts, plan.entries, ctx.clock())
  const search = (own: Partial<AudienceQuery>): Promise<Found | null> =>
    findOne(streamAudience(ctx.pool, ctx.config, { ...audience, chunkSize: 500, ...own }), entry, assign)
  const found = query.customer_id
    ? ((await search({ customerIds: [query.customer_id] })) ??
      (await search({ customerIds: [query.customer_id], segments: null })))
    : await goRound(search, query.after)
  if (!found) throw notFound('customer', query.customer_id)
  const { member, assignment } = found
  const texts = createTexts(plan.entries, facts)
  const { store } = member.customer
  const message = await previewMessage(ctx, entry.template_id, {
    storeId: store.id === 'shop' ? null : store.id,
    variables: variablesOf(member, entry, texts, await findShelf(ctx.pool), null),
  })
  return {
    customer_id: member.id,
    customer_name: member.name,
    status: assignment?.outcome ?? null,
    refused_by: assignment?.verdict?.rule_id ?? null,
    because: assignment?.verdict?.summary ?? null,
    due_at: assignment?.due_at?.toISOString() ?? null,
    message,
  }
}

/** The next whom it reaches; behind the last of them, the first again. */
async function goRound(
  search: (own: Partial<AudienceQuery>) => Promise<Found | null>,
  after: string | undefined,
): Promise<Found | null> {
  const next = after === undefined ? null : await search({ after })
  return next?.assignment?.outcome === 'pending' ? next : ((await search({})) ?? next)
}

async function findOne(
  chunks: AsyncIterable<readonly AudienceMember[]>,
  entry: PlanEntry,
  assign: (customer: AssignableCustomer) => Assignment[],
): Promise<Found | null> {
  let spare: Found | null = null
  let walked = 0
  for await (const chunk of chunks) {
    for (const member of chunk) {
      const assignment = assign(member.customer).find((a) => a.entry.id === entry.id) ?? null
      if (assignment?.outcome === 'pending') return { member, assignment }
      const isMeant = assignment !== null && assignment.verdict?.rule_id !== otherGroups
      if (!spare || (isMeant && spare.assignment === null)) spare = { member, assignment }
    }
    walked += chunk.length
    if (walked >= mostWalked) break
  }
  return spare
}
