import type { LightMyRequestResponse } from 'fastify'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import type { Playbook, PlaybookCheck, Segment } from '#contract/segments.ts'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-23T18:00:00Z') })
const manager = as('manager')
let url = ''
let id = ''

const playbook: Playbook = {
  recommended_offers: ['content', 'bogo'],
  tone: 'warm',
  messaging_strategy: 'Say hello.',
  optimal_channels: ['email', 'sms'],
  optimal_send_window: { start: '10:00', end: '20:00' },
  cool_down_days: 14,
}
const put = async (body: object) => manager({ method: 'PUT', url: `${url}/playbook`, payload: body })
const errors = (answer: LightMyRequestResponse) => answer.json<{ errors: { path: string; message: string }[] }>().errors

beforeAll(async () => {
  await ctx.pool.query(`insert into stores (name, legal_name, address, city, state, zip, time_zone) values
    ('Oak', 'Oak LLC', '1 Oak', 'Springfield', 'IL', '62701', 'America/Chicago'), ('Elm', 'Elm LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago')`)
  await ctx.pool.query(`insert into offers (key, title, kind) values ('picks', 'Weekend picks', 'content')`)
  const made = await manager({
    method: 'POST',
    url: '/api/v1/segments',
    payload: { name: 'Evening bourbon', rules: { field: 'is_night_buyer', op: 'is', value: true } },
  })
  expect(made.statusCode, made.body).toBe(201)
  id = made.json<Segment>().id
  url = `/api/v1/segments/${id}`
})

describe('a playbook', () => {
  test('is replaced, told what each state says with rule and cure, and stands in the audit trail', async () => {
    const saved = await put(playbook)
    expect(saved.statusCode, saved.body).toBe(200)
    const answer = saved.json<{ playbook: Playbook; check: PlaybookCheck }>()
    expect(answer.playbook).toEqual(playbook)
    expect(answer.check.offers.map((o) => [o.name, o.title, o.is_stored, o.states.map((s) => s.state)])).toEqual([
      ['content', 'Weekend picks', true, ['IL', 'TX']],
      ['bogo', expect.any(String), false, ['IL', 'TX']],
    ])
    const texas = answer.check.offers[1]!.states[1]!
    expect(texas.allowed).toBe(false)
    expect(texas.verdicts.find((v) => v.outcome === 'deny')).toMatchObject({
      rule_id: expect.stringMatching(/^us-tx/) as string,
      cure: expect.any(String) as string,
    })
    expect(answer.check.channels.map((c) => c.channel)).toEqual(['email', 'sms'])
    expect((await as('user')({ method: 'GET', url: `${url}/playbook` })).json()).toEqual(answer)
    expect((await as('user')({ method: 'GET', url })).json()).toMatchObject({ cool_down_days: 14, tone: 'warm' })
    const { rows } = await ctx.pool.query<{ before: object; after: object }>(
      `select before, after from audit_log where entity = 'segment' and action = 'segment.updated' order by id desc limit 1`,
    )
    expect(rows[0]).toMatchObject({ before: { cool_down_days: 0, tone: null }, after: { cool_down_days: 14 } })
  })
  test('that cannot be is refused with its field; a user may look but not change', async () => {
    expect(errors(await put({ ...playbook, recommended_offers: ['content', 'free beer', 'content'] }))).toMatchObject([
      { path: 'recommended_offers.2', message: 'content stands here twice.' },
      { path: 'recommended_offers.1', message: expect.stringMatching(/^There is no offer called free beer/) as string },
    ])
    expect(
      errors(await put({ ...playbook, optimal_send_window: { start: '20:00', end: '10:00' } })).map((e) => e.path),
    ).toEqual(['optimal_send_window.end'])
    expect(errors(await put({ ...playbook, cool_down_days: 400, optimal_channels: [] })).map((e) => e.path)).toEqual([
      'optimal_channels',
      'cool_down_days',
    ])
    const bad = await manager({ method: 'PATCH', url, payload: { recommended_offers: ['nothing'] } })
    expect(errors(bad)[0]?.path).toBe('recommended_offers.0')
    expect((await as('user')({ method: 'PUT', url: `${url}/playbook`, payload: playbook })).statusCode).toBe(403)
  })
  test('can be asked about before it is stored', async () => {
    const asked = await as('user')({
      method: 'POST',
      url: '/api/v1/segments/playbooks/check',
      payload: { ...playbook, optimal_send_window: { start: '21:00', end: '23:00' } },
    })
    expect(asked.json<PlaybookCheck>().channels.map((c) => c.states[0]?.allowed)).toEqual([false, false])
    expect((await manager({ method: 'GET', url: `${url}/playbook` })).json()).toMatchObject({ playbook })
  })
})

describe('playbooks as YAML', () => {
  const file = async (): Promise<string> =>
    (await as('user')({ method: 'GET', url: '/api/v1/segments/playbooks.yaml' })).body
  const send = (yaml: string, dry_run = false) =>
    manager({ method: 'POST', url: '/api/v1/segments/playbooks.yaml', payload: { yaml, dry_run } })

  test('what is written can be read back and changes nothing', async () => {
    const text = await file()
    expect(text).toContain('# Evening bourbon\n  evening_bourbon:')
    expect(text).toContain('recommended_offers: [ content, bogo ]')
    expect((await send(text)).json()).toEqual({ changed: [], unchanged: 1 })
  })
  test('a change is told before it is made, then made; fields that are left out stay', async () => {
    const yaml =
      'playbooks:\n  evening_bourbon:\n    cool_down_days: 30\n    tone: dry\n    optimal_channels: [email, sms]\n'
    const told = {
      changed: [{ key: 'evening_bourbon', name: 'Evening bourbon', fields: ['tone', 'cool_down_days'] }],
      unchanged: 0,
    }
    expect((await send(yaml, true)).json()).toEqual(told)
    expect((parse(await file()) as { playbooks: Record<string, Playbook> }).playbooks['evening_bourbon']).toEqual(
      playbook,
    )
    expect((await send(yaml)).json()).toEqual(told)
    expect((parse(await file()) as { playbooks: Record<string, Playbook> }).playbooks['evening_bourbon']).toEqual({
      ...playbook,
      cool_down_days: 30,
      tone: 'dry',
    })
  })
  test('one fault and nothing is taken over; each fault has its place and line', async () => {
    const before = await file()
    const refused = await send(
      [
        'playbooks:',
        '  evening_bourbon:',
        '    recommended_offers:',
        '      - content',
        '      - magic',
        '    cool_down_days: 3',
        '  nobody:',
        '    tone: x',
      ].join('\n'),
    )
    expect(refused.statusCode).toBe(400)
    expect(errors(refused)).toEqual([
      {
        path: 'playbooks.evening_bourbon.recommended_offers.1',
        message: expect.stringMatching(/^Line 5: There is no offer called magic/) as string,
      },
      {
        path: 'playbooks.nobody',
        message: expect.stringMatching(/^Line 7: There is no segment with the key nobody/) as string,
      },
    ])
    expect(errors(await send('playbooks:\n  evening_bourbon:\n    cool_down_days: soon\n    mood: x\n'))).toEqual([
      { path: 'playbooks.evening_bourbon.cool_down_days', message: expect.stringMatching(/^Line 3: /) as string },
      { path: 'playbooks.evening_bourbon', message: expect.stringMatching(/^Line 2: .*mood/) as string },
    ])
    expect(await file()).toBe(before)
  })
  test('what is no YAML, names a key twice or hides a bomb is refused in a sentence', async () => {
    expect(errors(await send('playbooks:\n  a: [1, 2\n  b: {'))[0]).toMatchObject({
      path: 'yaml',
      message: expect.stringMatching(/^Line \d+: /) as string,
    })
    expect(errors(await send('playbooks:\n  a: {}\n  a: {}\n'))[0]?.message).toMatch(/^Line 3: .*unique/)
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`),
      'playbooks: *h',
    ].join('\n')
    const started = performance.now()
    expect((await send(bomb)).statusCode).toBe(400)
    expect(performance.now() - started).toBeLessThan(1000)
    expect((await send(stringify('just a text'))).statusCode).toBe(400)
    expect((await send('x'.repeat(300_000))).statusCode).toBe(400)
    expect(
      (await as('user')({ method: 'POST', url: '/api/v1/segments/playbooks.yaml', payload: { yaml: 'playbooks: {}' } }))
        .statusCode,
    ).toBe(403)
  })
})
