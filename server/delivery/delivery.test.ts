import type { FastifyInstance } from 'fastify'
import { beforeAll, expect, test } from 'vitest'
import type { Ctx } from '#server/context.ts'
import { simCampaign } from '#sim/campaign.ts'
import { testApp } from '#test/app.ts'
import { dispatchOnce } from '../dispatch/dispatcher.ts'
import { verifyToken } from '../tokens.ts'
import { seedTemplates } from './templates.ts'

let ctx: Ctx
let as: Awaited<ReturnType<typeof testApp>>['as']
let app: FastifyInstance
beforeAll(async () => {
  ;({ ctx, as, app } = await testApp({ clock: () => new Date('2026-11-18T17:00:00Z') }))
  await seedTemplates(ctx)
})
const get = async (url: string) => {
  const reply = await as('user')({ method: 'GET', url: `/api/v1${url}` })
  expect(reply.statusCode, reply.body).toBe(200)
  return reply.json()
}

test('the starter templates are good as they are, with the footer and a way out, and are put in once', async () => {
  expect(await seedTemplates(ctx)).toBe(0)
  const { data } = await get('/settings/templates')
  expect(data.filter((t: { channel: string }) => t.channel === 'email').length).toBeGreaterThanOrEqual(8)
  expect(data.filter((t: { channel: string }) => t.channel === 'sms').length).toBe(4)
  await simCampaign(ctx.pool, 1, ctx.clock())
  for (const template of data) {
    const preview = await get(`/settings/templates/${template.id}/preview`)
    expect(preview.problems, template.key).toEqual([])
    if (template.channel === 'sms') {
      expect(preview.sms.segments, preview.text).toBeLessThanOrEqual(2)
      expect(preview.text).toMatch(/^Corner Cellars: .* 21\+\. Reply STOP to opt out$/)
    } else {
      expect(preview.html).toContain('12 Main Street, Albany, NY 12207')
      expect(preview.html).toContain('/u/')
      expect(preview.html_bytes).toBeLessThan(40_000)
      expect(`${preview.html}${preview.text}${preview.subject}`).not.toMatch(/\{\{|\{%|undefined|\[object/)
    }
  }
})

test('a message in the sandbox can be found, read and followed: its links are ours and its words are safe', async () => {
  const { campaignId } = await simCampaign(ctx.pool, 3, ctx.clock())
  await ctx.pool.query(
    `update sends set variables = variables || '{"first_name": "{{ 7 | times: 6 }}<script>alert(1)</script>"}' where campaign_id = $1`,
    [campaignId],
  )
  await dispatchOnce(ctx, { campaignId })
  const list = await get(`/sandbox/messages?unread=true&page_size=2`)
  expect(list).toMatchObject({ total: 3, unread: 3 })
  const next = await get(`/sandbox/messages?page_size=2&cursor=${list.next_cursor}`)
  expect(next.data).toHaveLength(1)
  const message = await get(`/sandbox/messages/${list.data[0].id}`)
  expect(message.body_html).toContain('{{ 7 | times: 6 }}&#60;script&#62;')
  expect(message.headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click')
  const oneClick = /<http:\/\/shop\.test\/u\/([\w-]+)>/.exec(message.headers['List-Unsubscribe'])
  expect(verifyToken(ctx.config.secret, 'unsubscribe', oneClick![1]!)).toEqual({
    sendId: message.send_id,
    linkId: null,
  })
  const click = /href="http:\/\/shop\.test\/t\/c\/([\w-]+)"/.exec(message.body_html)
  const subject = verifyToken(ctx.config.secret, 'click', click![1]!)
  const { rows } = await ctx.pool.query<{ url: string }>('select url from links where id = $1', [subject!.linkId])
  expect(rows[0]!.url).toBe('https://cornercellars.test/')
  expect((await get('/sandbox/messages?unread=true')).unread).toBe(2)
  const send = await get(`/sends/${message.send_id}`)
  expect(send.message.html).toBe(message.body_html)
  expect(send.attempts).toMatchObject([{ attempt: 1, outcome: 'accepted', provider: 'sandbox' }])
  expect(
    (await get(`/sends/${message.send_id}/events`)).data.map((e: { event_type: string }) => e.event_type).sort(),
  ).toEqual(['delivered', 'sent'])
  expect((await get(`/sends?campaign_id=${campaignId}&status=delivered,failed`)).total).toBe(3)
  expect((await as('user')({ method: 'DELETE', url: '/api/v1/sandbox/messages' })).statusCode).toBe(403)
  expect((await as('manager')({ method: 'DELETE', url: '/api/v1/sandbox/messages' })).json()).toEqual({ removed: 3 })
})

test('a template that was sent keeps its version; a faulty one is refused with the reason', async () => {
  const { data } = await get('/settings/templates?category=new_arrivals&channel=email')
  const patch = (body: object) =>
    as('manager')({ method: 'PATCH', url: `/api/v1/settings/templates/${data[0].id}`, payload: body })
  const bad = await patch({
    body_mjml_template:
      '<mjml><mj-body><mj-section><mj-column><mj-text><script>1</script></mj-text></mj-column></mj-section></mj-body></mjml>',
  })
  expect(bad.statusCode).toBe(400)
  expect(bad.json().errors[0].message).toContain('Scripts')
  const changed = await patch({ subject_template: 'Fresh this week' })
  expect(changed.json().template).toMatchObject({
    key: 'new_arrivals',
    version: 2,
    subject_template: 'Fresh this week',
  })
  expect((await patch({ subject_template: 'Again' })).statusCode).toBe(412)
  expect((await as('user')({ method: 'POST', url: '/api/v1/settings/templates', payload: {} })).statusCode).toBe(403)
})

test('a test message goes through the channel, to one plain address only', async () => {
  const send = (channel: string, to: string) =>
    as('admin')({ method: 'POST', url: '/api/v1/settings/channels/test', payload: { channel, to } })
  expect((await send('email', 'me@shop.test')).json()).toMatchObject({
    ok: true,
    provider: 'sandbox',
    outcome: 'accepted',
  })
  expect((await send('sms', '(518) 555-0134')).json()).toMatchObject({ ok: true })
  expect((await send('email', 'a@b.test\r\nBcc: c@d.test')).statusCode).toBe(400)
  expect((await app.inject({ method: 'GET', url: '/api/v1/sandbox/messages' })).statusCode).toBe(401)
})
