import { beforeAll, expect, test } from 'vitest'
import type { LightMyRequestResponse } from 'fastify'
import type { Import } from '#contract/imports.ts'
import type { PersonalData } from '#contract/personal-data.ts'
import type { ReportExport } from '#contract/reports.ts'
import type { Job } from '#contract/common.ts'
import { testApp } from './app.ts'
import { addressOf, contractRoutes } from './contract-routes.ts'
import { finishJob, resultOf } from './jobs.ts'
import { leaveTraces, type Known } from './known-person.ts'

const testing = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const { ctx, as } = testing
const manager = as('manager')
const routes = await contractRoutes()
let known: Known

beforeAll(async () => {
  await ctx.pool.query(
    `insert into stores (external_id, name, legal_name, address, city, state, zip, time_zone) values ('s', 'Main', 'Main LLC', '1 Elm', 'Albany', 'NY', '12201', 'America/New_York')`,
  )
  known = await leaveTraces(testing)
})

const script = `<script>document.title='ran'</script>`
const svg = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="document.title='ran'">${script}</svg>`
/** Files that are one thing to us and another one to a browser. */
const polyglots: Record<string, string> = {
  'page.html': `<!doctype html><title>x</title>${script}`,
  'page as a table.csv': `email,name\n${script}@,"${script}"\nok@example.com,"${script}"\n`,
  'table in a comment.csv': `<!--,email,-->\n${script},bad@,x\n`,
  'picture.svg': svg,
  'svg.csv': `email,name\n"${svg.replaceAll('"', '""')}",x\n`,
  'gif and script.csv': `GIF89a=1;document.title='ran'//,email\nx,bad@\n`,
  'pdf.csv': `%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj,email\nx,bad@\n`,
  'utf-7.csv': `email,name\n+ADw-script+AD4-bad+ADw-/script+AD4-,x\n`,
  'mail.mht': `MIME-Version: 1.0\nContent-Type: text/html\n\n${script}\n`,
  'flash.csv': `CWS\u0007email,name\nbad@,x\n`,
  'sheet.xml': `<?xml-stylesheet href="javascript:1"?><Workbook>${script}</Workbook>`,
  'x.csv%22; filename=%22y.html': `email,name\nbad@,${script}\n`,
  '..%2F..%2Fweb%2Fdist%2Findex.html': `email\nbad@\n`,
}

function upload(url: string, name: string, file: string): Promise<LightMyRequestResponse> {
  const boundary = 'x-boundary-x'
  const fields = { kind: 'customers', mapping: JSON.stringify({ email: 'email' }) }
  const parts = Object.entries(fields).map(
    ([k, v]) => `--${boundary}\r\ncontent-disposition: form-data; name="${k}"\r\n\r\n${v}\r\n`,
  )
  // It says of itself that it is a page; nobody may believe it.
  const payload = `${parts.join('')}--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: text/html\r\n\r\n${file}\r\n--${boundary}--\r\n`
  return manager({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  })
}

const saved = /^attachment(; filename="[\w.-]+")?$/
const given =
  /^(text\/csv; charset=utf-8|application\/(yaml; charset=utf-8|zip|pdf|vnd\.openxmlformats-\S+)|image\/(png|svg\+xml))$/
/** What is wrong with the answer, as far as a browser that is led to it is concerned. */
function faultsOf(answer: LightMyRequestResponse): string[] {
  const header = (name: string): string => String(answer.headers[name])
  return [
    ...(header('x-content-type-options') === 'nosniff' ? [] : ['its type is guessed']),
    ...(saved.test(header('content-disposition')) ? [] : [`it is shown: ${header('content-disposition')}`]),
    ...(given.test(header('content-type')) ? [] : [`it is ${header('content-type')}`]),
    ...(header('content-security-policy') === "default-src 'none'; sandbox" ? [] : ['it runs on our origin']),
  ]
}
/** An answer of the API that is no file is JSON, whatever went into it. */
function isInert({ headers }: LightMyRequestResponse): boolean {
  return (
    /^application\/(problem\+)?json\b/.test(String(headers['content-type'])) &&
    headers['x-content-type-options'] === 'nosniff'
  )
}

test('pages, pictures and polyglots that are uploaded never come back as something a browser runs', async () => {
  // Only these take files at all; a new one has to be thought about here.
  expect(routes.filter((r) => r.upload).map((r) => `${r.method} ${r.path}`)).toEqual([
    'POST /api/v1/customers/import',
    'POST /api/v1/imports/preview',
  ])
  const faults: string[] = []
  let taken = 0
  for (const [name, content] of Object.entries(polyglots)) {
    const preview = await upload('/api/v1/imports/preview', name, content)
    if (!isInert(preview)) faults.push(`${name}: the preview is ${preview.headers['content-type']}`)
    const answer = await upload('/api/v1/customers/import', name, content)
    expect(answer.statusCode, answer.body).toBeLessThan(500)
    if (!isInert(answer)) faults.push(`${name}: the answer is ${answer.headers['content-type']}`)
    if (answer.statusCode !== 202) continue
    const queued = answer.json<Import>()
    expect(queued.source).not.toMatch(/[/\\]/)
    await finishJob(ctx, { id: queued.job_id ?? '' })
    const done = (await manager({ method: 'GET', url: `/api/v1/imports/${queued.id}` })).json<Import>()
    if (!done.has_rejects) continue
    const rejects = await manager({ method: 'GET', url: `/api/v1/imports/${queued.id}/rejects` })
    expect(rejects.statusCode).toBe(200)
    taken++
    faults.push(...faultsOf(rejects).map((fault) => `${name}: ${fault}`))
  }
  expect(faults).toEqual([])
  // Some of them are tables and come back as the list of refused rows: those were really looked at.
  expect(taken).toBeGreaterThanOrEqual(5)
})

test('every route that gives out a file has it saved, typed, and run nowhere', async () => {
  const made = (
    await manager({ method: 'POST', url: `/api/v1/customers/${known.id}/personal-data` })
  ).json<PersonalData>()
  const report = (format: string): Promise<LightMyRequestResponse> =>
    manager({ method: 'POST', url: '/api/v1/reports/export', payload: { report: 'overview', format } })
  const reports: string[] = []
  for (const format of ['csv', 'xlsx', 'pdf']) {
    const { export: file, job } = (await report(format)).json<{ export: ReportExport; job: Job }>()
    await resultOf(ctx, job)
    reports.push(file.id)
  }
  const form = (await ctx.pool.query<{ id: string }>('select id from signup_forms limit 1')).rows[0]!.id
  const ids: Record<string, string[]> = {
    '/api/v1/segments/playbooks.yaml': [''],
    '/api/v1/audit/export': [''],
    '/api/v1/exports/:id': [known.exportId],
    '/api/v1/imports/:id/rejects': [known.importId],
    '/api/v1/personal-data/:id': [made.id],
    '/api/v1/reports/exports/:id/file': reports,
    '/api/v1/signup-forms/:id/qr': [form],
  }
  const files = routes.filter((r) => r.file)
  const faults: string[] = []
  let answered = 0
  for (const { path } of files) {
    const key = Object.keys(ids).find((p) => p === path)
    if (!key) faults.push(`${path}: enter how to get its file`)
    for (const id of key ? ids[key]! : []) {
      const answer = await as('admin')({ method: 'GET', url: addressOf(path, id) })
      expect(answer.statusCode, `${path}: ${answer.body.slice(0, 300)}`).toBe(200)
      answered++
      faults.push(...faultsOf(answer).map((fault) => `${path}: ${fault}`))
    }
  }
  expect(faults).toEqual([])
  process.stdout.write(`files: ${files.length} routes, ${answered} files, ${Object.keys(polyglots).length} polyglots\n`)
})
