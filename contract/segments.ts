import { z } from 'zod'
import { Verdict } from '#core/compliance/verdict.ts'
import { offerKinds } from '#core/planning/offer.ts'
import { Window } from '#core/planning/plan.ts'
import { Rule } from '#core/segments/rule.ts'
import { Id, IdParams, Instant, Job, pageOf, pageQuery } from './common.ts'
import { route } from './http.ts'
import { CustomerFilter, CustomerRow } from './knowledge.ts'

export const Segment = z.strictObject({
  id: Id,
  /** stable name used in plans and reports */
  key: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  /** from the scores, by rule, or picked by hand */
  kind: z.enum(['rfm', 'rule', 'snapshot']),
  rules: z.unknown(),
  /** playbook: offer kinds and keys, best first */
  recommended_offers: z.array(z.unknown()),
  tone: z.string().nullable(),
  messaging_strategy: z.string().nullable(),
  optimal_channels: z.array(z.string()),
  optimal_send_window: z.unknown(),
  /** days its customers are left in peace after a message of any campaign */
  cool_down_days: z.int(),
  is_active: z.boolean(),
  customer_count: z.int(),
  last_computed_at: Instant.nullable(),
  version: z.int(),
  created_at: Instant,
  updated_at: Instant,
})
export type Segment = z.infer<typeof Segment>

export const SegmentDetail = Segment.extend({
  /** the rules as one English sentence */
  sentence: z.string().nullable(),
  /** campaigns that plan with it, newest first */
  used_by: z.array(z.strictObject({ id: Id, name: z.string(), status: z.string() })),
  /** how many were in it at each refresh that changed something, oldest first */
  history: z.array(z.strictObject({ at: Instant, members: z.int(), entered: z.int(), left: z.int() })),
  versions: z.array(z.strictObject({ version: z.int(), name: z.string(), rules: z.unknown(), created_at: Instant })),
  /** other segments that share the most members */
  overlap: z.array(z.strictObject({ id: Id, name: z.string(), members: z.int(), share: z.number() })),
})
export type SegmentDetail = z.infer<typeof SegmentDetail>

/** What a segment is best told, how, where and how often. */
export const Playbook = z.strictObject({
  /** kinds of offers or keys of offers, best first */
  recommended_offers: z.array(z.string().trim().min(1).max(60)).max(20),
  /** how it is said: "warm and short" */
  tone: z.string().trim().max(200).nullable(),
  /** what to say and why */
  messaging_strategy: z.string().trim().max(500).nullable(),
  /** best first */
  optimal_channels: z.array(z.enum(['email', 'sms'])).min(1, 'Choose at least one channel.'),
  /** by the recipient's clock */
  optimal_send_window: Window,
  /** days since the last message of any campaign; 0: only the weekly limits */
  cool_down_days: z.int().min(0).max(365, 'At most a year.'),
})
export type Playbook = z.infer<typeof Playbook>

const StateVerdict = z.strictObject({
  state: z.string(),
  /** names of the shop's stores there */
  stores: z.array(z.string()),
  allowed: z.boolean(),
  verdicts: z.array(Verdict),
})
/** What the law of each state with a store says about a playbook. */
export const PlaybookCheck = z.strictObject({
  offers: z.array(
    z.strictObject({
      name: z.string(),
      title: z.string(),
      kind: z.enum(offerKinds),
      /** false: no offer of this kind is active, so a usual one was asked about */
      is_stored: z.boolean(),
      states: z.array(StateVerdict),
    }),
  ),
  channels: z.array(z.strictObject({ channel: z.enum(['email', 'sms']), states: z.array(StateVerdict) })),
})
export type PlaybookCheck = z.infer<typeof PlaybookCheck>
const SegmentPlaybook = z.strictObject({ playbook: Playbook, check: PlaybookCheck })

const SegmentFields = z.strictObject({
  name: z.string().trim().min(1, 'Give it a name.').max(120),
  description: z.string().trim().max(500).nullable(),
  rules: Rule,
  ...Playbook.shape,
  is_active: z.boolean(),
})
const SegmentInput = SegmentFields.partial().required({ name: true, rules: true })
export type SegmentInput = z.infer<typeof SegmentInput>

export const SegmentPreview = z.strictObject({
  sentence: z.string(),
  count: z.int(),
  /** false: estimated from a sample, because counting took too long */
  is_exact: z.boolean(),
  /** all customers the rule was asked about */
  customers: z.int(),
  /** for a list of conditions that must all hold: how many there would be without each */
  without: z.array(z.strictObject({ part: z.int(), sentence: z.string(), count: z.int() })),
  sample: z.array(CustomerRow),
})
export type SegmentPreview = z.infer<typeof SegmentPreview>

const tag = 'Segments'
export const segments = {
  listSegments: route({
    method: 'GET',
    path: '/api/v1/segments',
    access: 'user',
    scope: 'segments:read',
    tag,
    summary: 'Segments with their playbooks, largest first',
    query: z.strictObject({
      ...pageQuery,
      q: z.string().trim().max(200).optional(),
      kind: z.enum(['rfm', 'rule', 'snapshot']).optional(),
    }),
    reply: pageOf(Segment),
  }),
  getSegment: route({
    method: 'GET',
    path: '/api/v1/segments/:id',
    access: 'user',
    scope: 'segments:read',
    tag,
    summary: 'One segment: playbook, sentence, history, versions, overlap, who uses it',
    params: IdParams,
    reply: SegmentDetail,
  }),
  previewSegment: route({
    method: 'POST',
    path: '/api/v1/segments/preview',
    access: 'manager',
    tag,
    summary: 'How many a rule would hold, five of them, and what each condition takes away; nothing is stored',
    body: z.strictObject({ rules: Rule }),
    reply: SegmentPreview,
  }),
  createSegment: route({
    method: 'POST',
    path: '/api/v1/segments',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Create a segment from a rule; a job fills it',
    body: SegmentInput,
    reply: Segment,
  }),
  segmentFromFilter: route({
    method: 'POST',
    path: '/api/v1/segments/from-filter',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Make a segment of a filter of the customer list; refused where no rule can say the filter',
    body: SegmentFields.pick({ name: true, description: true })
      .partial({ description: true })
      .extend({ filter: CustomerFilter }),
    reply: Segment,
  }),
  pickedSegment: route({
    method: 'POST',
    path: '/api/v1/segments/hand-picked',
    access: 'manager',
    tag,
    status: 201,
    summary: 'Make an empty segment whose members are picked by hand, with the bulk action add_to_segment',
    body: SegmentFields.pick({ name: true, description: true }).partial({ description: true }),
    reply: Segment,
  }),
  updateSegment: route({
    method: 'PATCH',
    path: '/api/v1/segments/:id',
    access: 'manager',
    tag,
    summary: 'Change a segment; changed rules make a new version and a refresh',
    description: 'The rules of an RFM segment are fixed; its name and playbook are not.',
    params: IdParams,
    body: SegmentFields.partial(),
    reply: Segment,
  }),
  deleteSegment: route({
    method: 'DELETE',
    path: '/api/v1/segments/:id',
    access: 'manager',
    tag,
    summary: 'Remove a segment; refused while an open campaign plans with it',
    params: IdParams,
  }),
  restoreSegment: route({
    method: 'POST',
    path: '/api/v1/segments/:id/restore',
    access: 'manager',
    tag,
    summary: 'Bring a removed segment back',
    params: IdParams,
    reply: Segment,
  }),
  getPlaybook: route({
    method: 'GET',
    path: '/api/v1/segments/:id/playbook',
    access: 'user',
    tag,
    summary: 'The playbook of a segment, and what the law of each state says about it',
    params: IdParams,
    reply: SegmentPlaybook,
  }),
  putPlaybook: route({
    method: 'PUT',
    path: '/api/v1/segments/:id/playbook',
    access: 'manager',
    tag,
    summary: 'Replace the playbook of a segment',
    description:
      'What a state forbids is stored all the same and told in the answer: a plan leaves it out where it is forbidden.',
    params: IdParams,
    body: Playbook,
    reply: SegmentPlaybook,
  }),
  checkPlaybook: route({
    method: 'POST',
    path: '/api/v1/segments/playbooks/check',
    access: 'user',
    tag,
    summary: 'What the law of each state says about a playbook; nothing is stored',
    body: Playbook,
    reply: PlaybookCheck,
  }),
  exportPlaybooks: route({
    method: 'GET',
    path: '/api/v1/segments/playbooks.yaml',
    access: 'user',
    tag,
    summary: 'All playbooks as YAML, to be changed and imported again',
    file: 'application/yaml',
  }),
  importPlaybooks: route({
    method: 'POST',
    path: '/api/v1/segments/playbooks.yaml',
    access: 'manager',
    tag,
    summary: 'Take playbooks over from YAML: all of them or, with one fault, none',
    description: 'Segments that are left out stay as they are. Faults come with their place and line.',
    body: z.strictObject({
      yaml: z
        .string()
        .min(1, 'The file is empty.')
        .max(256 * 1024, 'A file of playbooks is smaller than 256 KB.'),
      dry_run: z.boolean().default(false),
    }),
    reply: z.strictObject({
      changed: z.array(z.strictObject({ key: z.string(), name: z.string(), fields: z.array(z.string()) })),
      unchanged: z.int(),
    }),
  }),
  refreshSegment: route({
    method: 'POST',
    path: '/api/v1/segments/:id/refresh',
    access: 'manager',
    tag,
    status: 202,
    summary: 'Find out anew who is in it; the job’s result is {members, entered, left}',
    params: IdParams,
    reply: Job,
  }),
  segmentCustomers: route({
    method: 'GET',
    path: '/api/v1/segments/:id/customers',
    access: 'user',
    scope: 'segments:read',
    tag,
    summary: 'Who is in the segment, highest value first',
    params: IdParams,
    query: z.strictObject({ page: pageQuery.page, page_size: pageQuery.page_size, cursor: pageQuery.cursor }),
    reply: pageOf(CustomerRow),
  }),
}
