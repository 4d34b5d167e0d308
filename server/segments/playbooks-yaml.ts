import { isNode, LineCounter, parseDocument, Document, isMap, isSeq, visit } from 'yaml'
import { z } from 'zod'
import { Playbook } from '#contract/segments.ts'
import { withTx } from '#db/pool.ts'
import type { Actor } from '../audit.ts'
import type { Ctx } from '../context.ts'
import { InputError } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import { changeSegment } from './edit.ts'
import { findOfferKeys, playbookFaults, playbookOf } from './playbook.ts'
import type { SegmentRow } from './queries.ts'

type Stored = Pick<SegmentRow, 'id' | 'key' | 'name' | keyof Playbook>

async function findPlaybooks(ctx: Ctx): Promise<Stored[]> {
  const { rows } = await ctx.pool.query<Stored>(
    `select g.id, g.key, g.name, g.recommended_offers, g.tone, g.messaging_strategy, g.optimal_channels, g.optimal_send_window, g.cool_down_days
     from segments as g where g.deleted_at is null order by g.kind, g.key`,
  )
  return rows
}

/** Every playbook by the key of its segment, ready to be changed and read back. */
export async function writePlaybooks(ctx: Ctx): Promise<string> {
  const [stored, shop] = await Promise.all([findPlaybooks(ctx), readSetting(ctx.pool, 'shop')])
  const document = new Document({ playbooks: Object.fromEntries(stored.map((s) => [s.key, playbookOf(s)])) })
  document.commentBefore = ` Playbooks of ${shop.name.replaceAll('\n', ' ')}. Change what you like and import the file again.\n Segments that you leave out stay as they are.`
  visit(document, {
    // Short lists and the window on one line; the name of the segment above its key.
    Seq: (_, node) => void (node.flow = true),
    Pair: (_, pair) => {
      const key = String(pair.key)
      if (isMap(pair.value) && key === 'optimal_send_window') pair.value.flow = true
    },
  })
  const list = document.get('playbooks')
  if (isMap(list))
    for (const pair of list.items) {
      const name = stored.find((s) => s.key === String(pair.key))?.name
      if (name && isNode(pair.key)) pair.key.commentBefore = ` ${name.replaceAll('\n', ' ')}`
    }
  return document.toString({ lineWidth: 0 })
}

export interface PlaybookChanges {
  changed: { key: string; name: string; fields: string[] }[]
  unchanged: number
}

/**
 * Reads playbooks back: all of them or, with one fault, none. A playbook may name only some fields; the others stay.
 * Throws InputError with the place (`playbooks.Lost.cool_down_days`) and the line of each fault.
 */
export async function readPlaybooks(
  ctx: Ctx,
  actor: Actor,
  input: { yaml: string; dry_run: boolean },
): Promise<PlaybookChanges> {
  const [stored, offerKeys] = await Promise.all([findPlaybooks(ctx), findOfferKeys(ctx)])
  const given = parse(input.yaml, new Map(stored.map((s) => [s.key, s])), offerKeys)
  const changes = given.flatMap(({ segment, change }) => {
    const before = playbookOf(segment)
    const fields = (Object.keys(change) as (keyof Playbook)[]).filter(
      (field) => JSON.stringify(change[field]) !== JSON.stringify(before[field]),
    )
    return fields.length > 0
      ? [{ segment, fields, change: Object.fromEntries(fields.map((field) => [field, change[field]])) }]
      : []
  })
  if (!input.dry_run)
    await withTx(ctx.pool, async (tx) => {
      for (const { segment, change } of changes) await changeSegment(tx, actor, segment.id, change)
    })
  return {
    changed: changes.map(({ segment, fields }) => ({ key: segment.key, name: segment.name, fields })),
    unchanged: given.length - changes.length,
  }
}

const File = z.strictObject({ playbooks: z.record(z.string(), Playbook.partial()) })

function parse(
  text: string,
  segments: ReadonlyMap<string, Stored>,
  offerKeys: ReadonlySet<string>,
): { segment: Stored; change: Partial<Playbook> }[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  if (document.errors.length > 0)
    throw new InputError(
      document.errors.slice(0, 20).map((e) => ({
        path: 'yaml',
        message: `Line ${e.linePos?.[0].line ?? 1}: ${e.message.split('\n')[0]?.replace(/ at line.*$/, '')}`,
      })),
    )
  let value: unknown
  try {
    // Aliases that multiply are refused by the library.
    value = document.toJS({ maxAliasCount: 50 })
  } catch (error) {
    throw new InputError([{ path: 'yaml', message: `${(error as Error).message}. Write the values out.` }])
  }
  const at = (path: readonly PropertyKey[], message: string): { path: string; message: string } => ({
    path: path.join('.'),
    message: `Line ${lineOf(document, lines, path)}: ${message}`,
  })
  const parsed = File.safeParse(value)
  if (!parsed.success) throw new InputError(parsed.error.issues.map((i) => at(i.path, i.message)))
  const faults: { path: string; message: string }[] = []
  const found = Object.entries(parsed.data.playbooks).flatMap(([key, change]) => {
    const segment = segments.get(key)
    if (!segment) {
      const known = [...segments.keys()].join(', ')
      faults.push(at(['playbooks', key], `There is no segment with the key ${key}. There are: ${known}.`))
      return []
    }
    for (const fault of playbookFaults(change, offerKeys))
      faults.push(at(['playbooks', key, ...fault.path.split('.')], fault.message))
    return [{ segment, change }]
  })
  if (faults.length > 0) throw new InputError(faults)
  return found
}

/** The line of a value, or of the nearest thing around it that has one. */
function lineOf(document: ReturnType<typeof parseDocument>, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const steps = path.slice(0, length).map((step) => (/^\d+$/.test(String(step)) ? Number(step) : step))
    const parent: unknown = length === 1 ? document.contents : document.getIn(steps.slice(0, -1), true)
    const last = steps.at(-1)
    // A key that should not be there has no schema, but a place of its own.
    const pair = isMap(parent) ? parent.items.find((p) => String(p.key) === String(last)) : undefined
    const node: unknown = pair ? pair.key : isSeq(parent) ? parent.items[Number(last)] : undefined
    if (isNode(node) && node.range) return lines.linePos(node.range[0]).line
  }
  return 1
}
