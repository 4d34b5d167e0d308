import { beforeAll, expect, test } from 'vitest'
import type { Ctx } from '#server/context.ts'
import { simCampaign } from '#sim/campaign.ts'
import { testApp } from '#test/app.ts'
import { seedTemplates } from './templates.ts'

let ctx: Ctx
let as: Awaited<ReturnType<typeof testApp>>['as']
beforeAll(async () => {
  ;({ ctx, as } = await testApp({ clock: () => new Date('2026-11-18T17:00:00Z') }))
  await seedTemplates(ctx)
})
const page = (words: string) =>
  `<mjml>\n  <mj-body>\n    <mj-section><mj-column>\n      <mj-text>${words}</mj-text>\n    </mj-column></mj-section>\n  </mj-body>\n</mjml>`
const preview = async (body: object) => {
  const reply = await as('manager')({
    method: 'POST',
    url: '/api/v1/settings/templates/preview',
    payload: {
      channel: 'email',
      subject_template: 'Hi {{ first_name }}',
      preheader_template: null,
      body_mjml_template: page('Hello {{ first_name }}'),
      body_text_template: 'Hello {{ first_name }}',
      ...body,
    },
  })
  expect(reply.statusCode, reply.body).toBe(200)
  return reply.json()
}

test('words that are not saved yet can be seen as a customer gets them, footer and way out included', async () => {
  const bare = await preview({})
  expect(bare.problems).toMatchObject([{ level: 'warning', message: expect.stringContaining('no store yet') }])
  await simCampaign(ctx.pool, 1, ctx.clock())
  const { rows } = await ctx.pool.query<{ id: string }>(
    `insert into customers (name, first_name, email) values ('Zoë <b>Ash</b>', 'Zoë<b>', 'zoe@example.com') returning id`,
  )
  const seen = await preview({ customer_id: rows[0]!.id, preheader_template: 'For {{ first_name }}' })
  expect(seen).toMatchObject({ subject: 'Hi Zoë<b>', preheader: 'For Zoë<b>', problems: [], sms: null })
  expect(seen.html).toContain('Hello Zoë&#60;b&#62;')
  expect(seen.html).toContain('12 Main Street, Albany, NY 12207')
  expect(seen.html).toContain('/u/')
  const text = await preview({
    channel: 'sms',
    body_mjml_template: null,
    subject_template: null,
    body_text_template: 'Just in',
  })
  expect(text).toMatchObject({ text: 'Corner Cellars: Just in 21+. Reply STOP to opt out', sms: { segments: 1 } })
  const links = await ctx.pool.query('select 1 from links')
  expect(links.rowCount).toBe(0)
})

test('a fault is told with field and line, of the draft and on saving', async () => {
  const first = async (body: object) => (await preview(body)).problems[0]
  expect(await first({ body_mjml_template: page('\n{{ first_name | shout }}') })).toMatchObject({
    level: 'error',
    field: 'body_mjml_template',
    line: 5,
  })
  expect(await first({ body_mjml_template: '<mjml>\n<mj-body>\n<mj-section>\n</mj-body>\n</mjml>' })).toMatchObject({
    level: 'error',
    line: 3,
  })
  expect(await first({ body_mjml_template: page('<script>1</script>') })).toMatchObject({ level: 'error', line: 4 })
  expect(await first({ body_mjml_template: page('x').replace('<mj-text>', '<mj-text colr="red">') })).toMatchObject({
    level: 'warning',
    line: 4,
    message: '<mj-text>: Attribute colr is illegal.',
  })
  expect(await first({ subject_template: '' })).toMatchObject({ level: 'error', field: 'subject_template' })
  expect(await first({ body_text_template: '{% include "/etc/passwd" %}' })).toMatchObject({
    field: 'body_text_template',
    line: 1,
  })
  const { data } = (await as('user')({ method: 'GET', url: '/api/v1/settings/templates?category=bundle' })).json()
  const refused = await as('manager')({
    method: 'PATCH',
    url: `/api/v1/settings/templates/${data[0].id}`,
    payload: { body_text_template: 'one\n{% if x %}' },
  })
  expect(refused.statusCode).toBe(400)
  expect(refused.json().errors).toMatchObject([
    { path: 'body_text_template', message: expect.stringMatching(/^Line 2: .*not closed/) },
  ])
  expect(
    (await as('user')({ method: 'POST', url: '/api/v1/settings/templates/preview', payload: {} })).statusCode,
  ).toBe(403)
})

test('sent words stay; versions and the delivered words can be fetched back; switching off makes no version', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 1, ctx.clock(), { template: 'win_back' })
  const { rows } = await ctx.pool.query<{ template_id: string }>(
    'select template_id from sends where campaign_id = $1 limit 1',
    [campaignId],
  )
  const id = rows[0]!.template_id
  const patch = async (of: string, payload: object) =>
    (await as('manager')({ method: 'PATCH', url: `/api/v1/settings/templates/${of}`, payload })).json()
  expect((await patch(id, { is_active: false })).template).toMatchObject({ id, version: 1, is_active: false })
  const next = (await patch(id, { subject_template: 'Come back' })).template
  expect(next).toMatchObject({ key: 'win_back', version: 2 })
  const versions = (await as('user')({ method: 'GET', url: `/api/v1/settings/templates/${id}/versions` })).json()
  expect(versions.data.map((v: { version: number }) => v.version)).toEqual([2, 1])
  expect(versions.starter.subject_template).toContain('has been a while')
  const back = (await patch(next.id, versions.starter)).template
  expect(back.subject_template).toBe(versions.starter.subject_template)
  const { rows: trail } = await ctx.pool.query<{ n: number }>(
    `select count(*) as n from audit_log where action = 'template.changed' and actor_kind = 'user'`,
  )
  expect(trail[0]!.n).toBe(3)
})
