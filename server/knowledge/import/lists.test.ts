import { zipSync, strToU8 } from 'fflate'
import { beforeAll, expect, test } from 'vitest'
import type { ImportKind } from '#core/knowledge/columns.ts'
import { systemActor } from '#server/audit.ts'
import type { Ctx } from '#server/context.ts'
import { testContext } from '#test/context.ts'
import type { ImportRequest } from './request.ts'
import { runImport } from './run.ts'

let ctx: Ctx
const run = (kind: ImportKind, content: string | Uint8Array, more: Partial<ImportRequest> = {}) =>
  runImport(ctx, { kind, source: 'x', actor: systemActor, stream: once(Buffer.from(content)), ...more })
async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
const state = async (email: string) =>
  (
    await ctx.pool.query<{ email_consent: string; sms_consent: string; proofs: number }>(
      `select c.email_consent, c.sms_consent, (select count(*) from consents as k where k.customer_id = c.id) as proofs from customers as c where c.email = $1`,
      [email],
    )
  ).rows[0]

beforeAll(async () => {
  ctx = await testContext({ clock: () => new Date('2026-11-23T18:00:00Z') })
  await run(
    'customers',
    'email,phone,email_consent\nann@example.com,(217) 555-0101,\nbob@example.com,,no\ncat@example.com,(217) 555-0103,\ndan@example.com,,\n',
  )
})

test('consents: the newest statement counts, a yes needs proof and never undoes a no; twice changes nothing', async () => {
  const closed = await run('suppressions', 'Email Address,Status,Date\nDAN@example.com,Unsubscribed,2026-01-02\n,,\n')
  expect(closed).toMatchObject({ rows_new: 1, rows_rejected: 1, summary: { also: { addresses_closed: 1 } } })
  const csv = [
    'email,channel,status,source,date',
    'ann@example.com,email,yes,till,2025-03-01',
    'ann@example.com,sms,yes,till,2025-03-01',
    'ann@example.com,sms,no,,2025-04-01',
    'bob@example.com,email,yes,web,2026-05-01',
    'cat@example.com,email,yes,,2026-05-01',
    'dan@example.com,email,yes,web,2026-05-01',
    'nobody@example.com,email,no,,',
    'ann@example.com,email,yes,till,2025-03-01',
  ].join('\n')
  const first = await run('consents', csv)
  expect(first).toMatchObject({ rows_read: 8, rows_new: 5, rows_same: 0, rows_duplicate: 1, rows_rejected: 2 })
  expect(first.summary.reasons?.map((r) => r.reason).sort()).toEqual([
    'A yes needs a source: where was it given?',
    'No customer has this number, email or phone. Import the customers first.',
  ])
  expect(first.summary.notes).toMatchObject([
    { count: 2, reason: expect.stringContaining('does not undo an earlier no') },
  ])
  expect(await state('ann@example.com')).toMatchObject({ email_consent: 'granted', sms_consent: 'denied', proofs: 3 })
  expect(await state('bob@example.com')).toMatchObject({ email_consent: 'denied' })
  expect(await state('cat@example.com')).toMatchObject({ email_consent: 'unknown', proofs: 0 })
  expect(await state('dan@example.com')).toMatchObject({ email_consent: 'unknown' })
  expect(await run('consents', csv)).toMatchObject({
    rows_new: 0,
    rows_same: 5,
    summary: { also: { customers_changed: 0 } },
  })
})

test('suppressions: strangers too, each channel once, in the words of other senders', async () => {
  const csv =
    'email,phone,channel,reason\nx@example.com,,,hard bounce\nx@example.com,,,complaint\n,2175550199,,STOP\ny@example.com,(217) 555-0188,all,\nz@,,,\n'
  const first = await run('suppressions', csv)
  expect(first).toMatchObject({
    rows_new: 3,
    rows_duplicate: 1,
    rows_rejected: 1,
    summary: { also: { addresses_closed: 4 } },
  })
  expect(await run('suppressions', csv)).toMatchObject({ rows_new: 0, summary: { also: { addresses_closed: 0 } } })
  const { rows } = await ctx.pool.query('select channel, reason from suppressions order by channel, reason')
  expect(rows).toEqual(
    expect.arrayContaining([
      { channel: 'email', reason: 'hard_bounce' },
      { channel: 'sms', reason: 'stop' },
      { channel: 'all', reason: 'manual' },
    ]),
  )
})

test('cells that cannot be read are repaired in groups: read as something else, or left empty', async () => {
  const csv =
    'email,state,phone\np1@example.com,Nuu York,\np2@example.com,Nuu York,ask again\np3@example.com,TX,ask again\n'
  const check = await run('customers', csv, { dryRun: true })
  expect(check).toMatchObject({ rows_new: 0, rows_rejected: 3 })
  const reasons = check.summary.reasons!
  expect(reasons[0]).toMatchObject({ column: 'state', can_repair: true, values: [{ value: 'Nuu York', count: 2 }] })
  const phone = reasons.find((r) => r.column === 'phone')!
  const repairs = [
    { column: 'state', value: 'Nuu York', read_as: 'NY' },
    { column: 'phone', leave_empty: phone.reason },
  ]
  const done = await run('customers', csv, { repairs })
  expect(done).toMatchObject({ rows_new: 3, rows_rejected: 0 })
  expect(done.summary.notes).toMatchObject([{ column: 'phone', count: 2, reason: `Left empty: ${phone.reason}` }])
  const { rows } = await ctx.pool.query(`select state, phone from customers where email like 'p%' order by email`)
  expect(rows).toEqual([
    { state: 'NY', phone: null },
    { state: 'NY', phone: null },
    { state: 'TX', phone: null },
  ])
})

/** The smallest workbook that Excel opens: text inline, a date as a styled number. */
function workbook(sheet: string, more: Record<string, Uint8Array> = {}): Uint8Array {
  const xml = (text: string): Uint8Array => strToU8(`<?xml version="1.0" encoding="UTF-8"?>${text}`)
  const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
  const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
  return zipSync({
    '[Content_Types].xml': xml('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'),
    'xl/workbook.xml': xml(
      `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': xml(
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
    ),
    'xl/styles.xml': xml(
      `<styleSheet xmlns="${main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>`,
    ),
    'xl/worksheets/sheet1.xml': xml(`<worksheet xmlns="${main}"><sheetData>${sheet}</sheetData></worksheet>`),
    ...more,
  })
}
const cell = (at: string, text: string): string => `<c r="${at}" t="inlineStr"><is><t>${text}</t></is></c>`

test('an Excel workbook: a title above the header, numbers and dates as they look', async () => {
  const sheet =
    `<row r="1">${cell('A1', 'Customers of Oak Street')}</row>` +
    `<row r="3">${['Email', 'Phone', 'Birthday', 'ZIP'].map((h, i) => cell(`${'ABCD'[i]}3`, h)).join('')}</row>` +
    `<row r="4">${cell('A4', 'excel@example.com')}<c r="B4"><v>2175550123</v></c><c r="C4" s="1"><v>30834</v></c><c r="D4"><v>2116</v></c></row>`
  const result = await run('customers', workbook(sheet))
  expect(result).toMatchObject({
    rows_new: 1,
    rows_rejected: 0,
    summary: { format: 'xlsx', skipped_lines: ['Customers of Oak Street'] },
  })
  const { rows } = await ctx.pool.query(
    `select phone, birth_date, zip from customers where email = 'excel@example.com'`,
  )
  expect(rows).toEqual([{ phone: '+12175550123', birth_date: '1984-06-01', zip: '02116' }])
})

test('what only looks like a workbook is refused: zips, bombs, damage', async () => {
  const code = (content: Uint8Array) =>
    run('customers', content).then(
      () => 'read',
      (e: { code: string }) => e.code,
    )
  expect(await code(zipSync({ 'a.txt': strToU8('hello') }))).toBe('import.spreadsheet')
  expect(await code(workbook('').subarray(0, 200))).toBe('import.spreadsheet')
  const started = performance.now()
  expect(await code(workbook('', { 'xl/sharedStrings.xml': new Uint8Array(300 * 1024 ** 2) }))).toBe(
    'import.spreadsheet_bomb',
  )
  expect(await code(workbook('<row'))).toBe('import.spreadsheet')
  // Making the bomb takes longer than refusing it.
  expect(performance.now() - started).toBeLessThan(20_000)
})
