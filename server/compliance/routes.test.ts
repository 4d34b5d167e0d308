import { expect, test } from 'vitest'
import { testApp } from '#test/app.ts'

const { ctx, as } = await testApp({ clock: () => new Date('2026-11-25T16:00:00Z') })
const [admin, manager, user] = [as('admin'), as('manager'), as('user')]
const settings = '/api/v1/settings/compliance'
const reason = 'Counsel confirmed this for our licence.'

await ctx.pool.query(
  `insert into stores (name, legal_name, address, city, state, zip, time_zone) values ('Elm', 'Elm LLC', '1 Elm', 'Dallas', 'TX', '75201', 'America/Chicago')`,
)
const check = async (payload: object) =>
  (await user({ method: 'POST', url: '/api/v1/compliance/check', payload })).json()
const patch = (payload: object, headers: Record<string, string> = {}) =>
  admin({ method: 'PATCH', url: settings, payload, headers })
const shown = async () => (await manager({ method: 'GET', url: settings })).json()

const ten = { key: 'x', title: 'x', kind: 'percent_off', value: 10, code: 'X' }

test('every rule is shown with source, date, confidence, what it does here, and why it is locked', async () => {
  const { rules, policy, version, shipped_version, locked_rules } = await shown()
  expect(rules.length).toBeGreaterThanOrEqual(53)
  expect(policy.rules).toHaveLength(rules.length)
  expect(version).toBe(shipped_version)
  for (const rule of rules) {
    expect(rule.source && rule.as_of && rule.confidence, rule.id).toBeTruthy()
    expect(rule.in_force).toBe(rule.effect)
  }
  const age = rules.find((r: { id: string }) => r.id === 'us-legal-age')
  expect(age.locked).toMatch(/no shop may loosen/)
  expect(locked_rules).toContain('us-legal-age')
})

test('an admin switches a state rule with a reason; it holds at once, is audited, and can be taken back', async () => {
  expect((await check({ offer: ten })).stores[0]).toMatchObject({ state: 'TX', allowed: false, outcome: 'deny' })
  expect((await manager({ method: 'PATCH', url: settings, payload: { overrides: [] } })).statusCode).toBe(403)
  const change = { overrides: [{ rule_id: 'us-tx-coupon-prohibited', effect: 'warn', reason }] }
  expect((await patch({ overrides: [{ ...change.overrides[0], reason: 'because' }] })).json().errors[0].path).toBe(
    'overrides.0.reason',
  )
  const done = await patch(change)
  expect(done.statusCode).toBe(200)
  expect(done.headers['etag']).toBe(`"${done.json().version}"`)
  expect(done.json().version).not.toBe(done.json().shipped_version)
  const rule = done.json().rules.find((r: { id: string }) => r.id === 'us-tx-coupon-prohibited')
  expect(rule).toMatchObject({
    effect: 'block',
    in_force: 'warn',
    override: { reason, changed_by: 'admin', changed_at: '2026-11-25T16:00:00.000Z' },
  })
  expect((await check({ offer: ten })).stores[0]).toMatchObject({ allowed: true, outcome: 'warn' })
  const { rows } = await ctx.pool.query<{ before: object; after: object }>(
    `select before, after from audit_log where action = 'compliance.changed' order by id`,
  )
  expect(rows.at(-1)).toMatchObject({ before: { overrides: [] }, after: change })

  // Undo: the list without it.
  expect((await patch({ overrides: [] })).json().version).toBe(done.json().shipped_version)
  expect((await check({ offer: ten })).stores[0].allowed).toBe(false)
})

test('a rule that is switched off stays in sight, and what a rule does anyway is no override', async () => {
  const off = (await patch({ overrides: [{ rule_id: 'us-tx-coupon-prohibited', effect: 'off', reason }] })).json()
  expect(off.policy.rules.some((r: { id: string }) => r.id === 'us-tx-coupon-prohibited')).toBe(false)
  expect(off.rules.find((r: { id: string }) => r.id === 'us-tx-coupon-prohibited').in_force).toBe('off')
  const same = (await patch({ overrides: [{ rule_id: 'us-tx-coupon-prohibited', effect: 'block', reason }] })).json()
  expect(same.overrides).toEqual([])
})

test('nobody loosens age, consent, opting out or hours; unknown and doubled rules are named', async () => {
  for (const rule_id of [
    'us-legal-age',
    'us-age-gate-required',
    'us-sms-quiet-hours',
    'us-sms-revocation',
    'us-email-footer-required',
    'us-pa-direct-mail-optin',
    'us-fl-sms-daily-cap',
  ]) {
    for (const effect of ['off', 'warn']) {
      const refused = await patch({ overrides: [{ rule_id, effect, reason }] })
      expect(refused.statusCode, rule_id).toBe(400)
      expect(refused.json().errors[0]).toMatchObject({ path: 'overrides.0.rule_id' })
    }
  }
  const unknown = { rule_id: 'us-zz-nothing', effect: 'off', reason }
  expect((await patch({ overrides: [unknown] })).json().errors[0].message).toMatch(/no such rule/)
  const coupon = { rule_id: 'us-tx-coupon-prohibited', effect: 'off', reason }
  expect((await patch({ overrides: [coupon, coupon] })).json().errors[0]).toMatchObject({ path: 'overrides.1.rule_id' })
  expect((await shown()).overrides).toEqual([])
})

test('two admins do not overwrite each other', async () => {
  const { version } = await shown()
  const headers = { 'if-match': `"${version}"` }
  const first = { overrides: [{ rule_id: 'us-tx-coupon-prohibited', effect: 'warn', reason }] }
  const both = await Promise.all([patch(first, headers), patch({ unknown_effect: 'hold' }, headers)])
  expect(both.map((r) => r.statusCode).toSorted()).toEqual([200, 412])
  await patch({ overrides: [], unknown_effect: 'warn' })
})

test('what is not known is held once the shop says so', async () => {
  const bare = { offer: { key: 'x', title: 'x', kind: 'percent_off', value: 10 }, state: 'IL' }
  expect((await check(bare)).outcome).toBe('warn')
  await patch({ unknown_effect: 'hold' })
  expect(await check(bare)).toMatchObject({ outcome: 'deny', because: { rule_id: 'us-il-below-cost-prohibited' } })
  await patch({ unknown_effect: 'warn' })
})

test('an offer in words, a state, a message, a channel and a time are judged together', async () => {
  const answer = await check({
    offer_text: 'Buy 2 get 10 % off',
    state: 'FL',
    recipient_state: 'RI',
    channels: ['email', 'sms'],
    window: { start: '18:00', end: '22:00' },
    text: 'Free shots for kids',
  })
  expect(answer.offer).toMatchObject({ kind: 'multi_buy', value: 10, min_quantity: 2 })
  expect(answer.offer_words).toBe('10% off when you buy 2 from your basket')
  expect(answer.stores[0]).toMatchObject({ store_id: null, state: 'FL', outcome: 'warn' })
  expect(answer.stores[0].verdicts[0].rule_id).toBe('us-state-unknown')
  const [email, sms] = answer.hours
  expect(email.open[0]).toMatchObject({ days: 'mon_fri', window: { start: '18:00', end: '21:00' } })
  expect(sms).toMatchObject({ state: 'RI', zones: ['America/New_York'] })
  expect(sms.open.map((o: { window: unknown }) => o.window)).toEqual([null, null, null, null])
  expect(answer).toMatchObject({ outcome: 'deny', because: { rule_id: 'us-ri-quiet-hours' } })
  expect(answer.copy.map((v: { rule_id: string }) => v.rule_id)).toEqual([
    'us-content-lint:appeal_to_minors',
    'us-content-lint:free_alcohol',
    'us-content-lint:responsible_line',
  ])
})

test('a moment is judged in every zone the recipient may be in', async () => {
  const ask = { channels: ['sms'], day: '2026-11-24', time: '20:30' }
  expect((await check({ ...ask, recipient_state: 'TX' })).hours[0]).toMatchObject({
    zones: ['America/Chicago', 'America/Denver'],
    verdicts: [{ outcome: 'defer', rule_id: 'shop-sms-default-hours' }, { rule_id: 'shop-sms-window' }],
  })
  const held = await check({ ...ask, recipient_state: 'CT' })
  expect(held.hours[0].verdicts.map((v: { rule_id: string }) => v.rule_id)).toEqual([
    'us-ct-quiet-hours',
    'shop-sms-default-hours',
    'shop-sms-window',
  ])
  expect(held.because.until).toBe('2026-11-25T15:00:00.000Z')
  expect((await check({ ...ask, time: '12:00', recipient_zip: '06101' })).hours[0]).toMatchObject({
    state: 'CT',
    verdicts: [],
  })
  expect((await check({ channels: ['sms'], time: '12:00' })).errors[0].path).toBe('day')
})

test('words that are no offer are refused instead of passing, and every state can be asked at once', async () => {
  expect(await check({ offer_text: 'Unbeatable deals' })).toMatchObject({
    outcome: 'deny',
    offer: null,
    because: { rule_id: 'shop-offer-not-understood' },
  })
  const all = await check({ offer_text: 'Buy one get one free', every_state: true })
  expect(all.states).toHaveLength(51)
  const outcome = (state: string) => all.states.find((s: { state: string }) => s.state === state).outcome
  expect([outcome('TX'), outcome('CA'), outcome('UT'), outcome('NY'), outcome('CO')]).toEqual([
    'deny',
    'deny',
    'deny',
    'allow',
    'warn',
  ])
  expect((await check({ audience_share: 0.5 })).audience[0]).toMatchObject({ rule_id: 'us-audience-share' })
})
