import type { PoolClient } from 'pg'
import type { z } from 'zod'
import { CustomerInput, type ingest } from '#contract/ingest.ts'
import { readConsentRow, type ConsentFacts } from '#core/knowledge/import-consent.ts'
import { readCustomerRow, type CustomerFacts } from '#core/knowledge/import-customer.ts'
import { readNamed } from '#core/knowledge/named-row.ts'
import { audit, type Actor } from '../../audit.ts'
import type { Ctx } from '../../context.ts'
import { consentStaging, mergeConsentList } from '../import/merge-consents.ts'
import { customerStaging, mergeCustomers } from '../import/merge-customers.ts'
import { inTurn, parseBatch, readShop, saidOf, stage, textOf, type Remark, type Shop } from './batch.ts'

type Answer = z.input<typeof ingest.customers.reply>
type Outcome = Answer['outcomes'][number]

/** Customers of a program, by the rules of an import: what is left out stays, a yes never undoes a no. */
export async function ingestCustomers(ctx: Ctx, actor: Actor, given: readonly unknown[]): Promise<Answer> {
  const shop = await readShop(ctx)
  const outcomes = new Map<number, Outcome>()
  const put = (index: number, outcome: Partial<Outcome> & Pick<Outcome, 'outcome'>): void => {
    const external = textOf(given[index], 'external_id')
    outcomes.set(index, { index, external_id: external, customer_id: null, errors: [], notes: [], ...outcome })
  }
  const { good, bad } = parseBatch('customers', given, CustomerInput)
  for (const { index, errors } of bad) put(index, { outcome: 'refused', errors })
  const tally = () => {
    const number = (o: Outcome['outcome']): number => [...outcomes.values()].filter((x) => x.outcome === o).length
    return {
      created: number('created'),
      changed: number('changed'),
      same: number('same'),
      duplicate: number('duplicate'),
      refused: number('refused'),
    }
  }
  const rows: { line: number; facts: CustomerFacts }[] = []
  // Each channel has a proof of its own: two lines for each customer.
  const consents: { line: number; facts: ConsentFacts }[] = []
  const notes = new Map<number, Remark[]>()
  const note = (said: { line: number; column_name: string; reason: string }): void =>
    void notes.get(said.line)?.push({ path: pathOf(said.line, said.column_name), message: said.reason })
  for (const { index, item } of good) {
    const read = readCustomer(item, `customers.${index}`, shop)
    if ('errors' in read) put(index, { outcome: 'refused', errors: read.errors })
    else {
      rows.push({ line: index, facts: read.facts })
      for (const facts of read.consents) consents.push({ line: index * 2 + (facts.channel === 'sms' ? 1 : 0), facts })
      notes.set(index, read.notes)
    }
  }
  if (rows.length > 0) {
    await inTurn(ctx, async (tx) => {
      await stage(tx, customerStaging(ctx.config, shop.zonesOf), rows)
      await mergeCustomers(tx, { importId: null, isDemo: false, createCustomers: true, currency: shop.currency })
      const kept = await keptRows(tx)
      for (const said of await saidOf(tx, 'noted')) note(said)
      const refused = await saidOf(tx, 'rejected')
      await stage(
        tx,
        consentStaging(ctx.config),
        consents.filter(({ line }) => kept.has(Math.floor(line / 2))),
      )
      await mergeConsentList(tx, { importId: null })
      for (const said of await saidOf(tx, 'noted'))
        note({
          ...said,
          line: Math.floor(said.line / 2),
          column_name: said.line % 2 === 0 ? 'email_consent' : 'sms_consent',
        })
      const changed = await changedNow(tx, [...kept.values()])
      for (const { line } of rows) {
        const row = kept.get(line)
        if (!row) put(line, { outcome: 'duplicate', notes: [again(line)] })
        else
          put(line, {
            customer_id: row.id,
            outcome: row.is_new ? 'created' : changed.has(row.id) ? 'changed' : 'same',
            notes: notes.get(line) ?? [],
          })
      }
      for (const said of refused)
        put(said.line, {
          outcome: 'refused',
          errors: [{ path: pathOf(said.line, said.column_name), message: inOurWords(said.reason) }],
        })
      await audit(tx, actor, { action: 'customers.ingested', entity: 'customers', after: tally() })
    })
  }
  return { received: given.length, ...tally(), outcomes: [...outcomes.values()].sort((a, b) => a.index - b.index) }
}

const again = (index: number): Remark => ({
  path: `customers.${index}`,
  message: 'The batch has this customer again; the last one counts.',
})

/** The lines that went in and whom each became. */
async function keptRows(tx: PoolClient): Promise<Map<number, { id: string; is_new: boolean }>> {
  const { rows } = await tx.query<{ line: number; id: string; is_new: boolean }>(
    'select p.line, p.id, p.target is null as is_new from planned as p',
  )
  return new Map(rows.map((r) => [r.line, r]))
}

/** Merges stamp what they change with the hour of the transaction. */
async function changedNow(tx: PoolClient, kept: readonly { id: string }[]): Promise<Set<string>> {
  const { rows } = await tx.query<{ id: string }>(
    'select c.id from customers as c where c.id = any($1::uuid[]) and c.updated_at = now()',
    [kept.map((k) => k.id)],
  )
  return new Set(rows.map((r) => r.id))
}

const pathOf = (index: number, field: string): string => `customers.${index}.${field}`
const inOurWords = (reason: string): string =>
  reason
    .replace(/^Line (\d+), of another customer,/, 'Item $1 of the batch, another customer,')
    .replace('this row', 'this item')

function readCustomer(
  customer: CustomerInput,
  path: string,
  shop: Shop,
): { facts: CustomerFacts; consents: ConsentFacts[]; notes: Remark[] } | { errors: Remark[] } {
  const { email_consent: mail, sms_consent: text, age_verified: isOfAge, tags, ...plain } = customer
  const remarks = (said: { column: string; reason: string }[] | undefined, at: string): Remark[] =>
    (said ?? []).map(({ column, reason }) => ({ path: `${at}.${column}`, message: reason }))
  const read = readNamed(
    readCustomerRow,
    {
      values: {
        ...plain,
        age_verified: isOfAge === undefined ? undefined : isOfAge ? 'yes' : 'no',
        // A list in a cell is cut at these signs.
        tags: tags?.map((tag) => tag.replaceAll(/[,;|]/g, ' ')).join(','),
      },
      paths: {},
    },
    shop.rules,
  )
  const errors = remarks(read.reasons, path)
  const consents: ConsentFacts[] = []
  for (const [channel, said] of [['email', mail] as const, ['sms', text] as const]) {
    if (!said) continue
    const { external_id: externalId, email, phone } = plain
    const statement = readNamed(
      readConsentRow,
      {
        values: { external_id: externalId, email, phone, ...said, channel },
        paths: {},
      },
      shop.rules,
    )
    if (statement.facts) consents.push(statement.facts)
    // What is wrong with the person is said once.
    else
      errors.push(
        ...remarks(
          statement.reasons.filter(({ column }) => !(column in plain)),
          `${path}.${channel}_consent`,
        ),
      )
  }
  if (errors.length > 0 || !read.facts) return { errors }
  return { facts: read.facts, consents, notes: remarks(read.notes, path) }
}
