import { withTx } from '#db/pool.ts'
import { closeAddresses } from '#server/opt-out.ts'
import { simCampaign } from '#sim/campaign.ts'
import { startSmtpSink } from '#sim/smtp-sink.ts'
import { copiesOf, judge, type Stage, type Verdict } from './stage.ts'

/** F10: rows that nobody can send, between rows that everybody can. Exactly the poison fails, and it takes nobody along. */
export async function poison(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ keep: true })
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 400 : 3_000, new Date())
  const { rows } = await stage.pool.query<{ id: string }>(
    'select s.id from sends as s where s.campaign_id = $1 order by random() limit 60',
    [campaignId],
  )
  const ids = rows.map((r) => r.id)
  const set = async (
    from: number,
    to: number,
    column: string,
    value: string,
    args: unknown[] = [],
  ): Promise<string[]> => {
    const some = ids.slice(from, to)
    await stage.pool.query(`update sends set ${column} = ${value} where id = any($1::uuid[])`, [some, ...args])
    return some
  }
  // Harmless after all: odd text must be carried, and must not become a header or markup.
  await set(0, 10, 'variables', `jsonb_set(variables, '{first_name}', to_jsonb($2::text))`, [
    'Ann\r\nBcc: victim@example.com\r\nX-Injected: yes\r\n\r\nhello {{ first_name }} <script>alert(1)</script>',
  ])
  await set(10, 20, 'variables', `jsonb_set(variables, '{first_name}', '"\\ufffd\\u0001 \\u202e"')`)
  // Poison: five megabytes in one field, no template, an address that is none.
  const poisoned = [
    ...(await set(20, 25, 'variables', `jsonb_set(variables, '{first_name}', to_jsonb(repeat('x', 5000000)))`)),
    ...(await set(30, 40, 'recipient', `repeat('a', 10000) || '@example.com'`)),
    ...(await set(40, 50, 'recipient', `E'ann@example.com\\r\\nRCPT TO:<victim@example.com>'`)),
    ...(await set(50, 60, 'template_id', 'null')),
  ]
  const worker = stage.inside({ SMTP_URL: `smtp://127.0.0.1:${sink.port}` })
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 120_000)
  await worker.stop()
  const { rows: failed } = await stage.pool.query<{ id: string; error_message: string | null }>(
    `select s.id, s.error_message from sends as s where s.campaign_id = $1 and s.status = 'failed'`,
    [campaignId],
  )
  const wrong =
    failed.filter((f) => !poisoned.includes(f.id)).length +
    poisoned.filter((id) => !failed.some((f) => f.id === id)).length
  const injectedHeaders = sink.messages.filter(
    (m) => /^(bcc|x-injected):/im.test(m.raw.slice(0, m.raw.indexOf('\r\n\r\n'))) || m.to.includes('victim'),
  ).length
  const silent = failed.filter((f) => !f.error_message).length
  const verdict = await judge(stage, {
    fault: 'F10',
    what: 'five megabytes in a field, line breaks in names and addresses, an address of 10,000 letters, no template',
    injected: 60,
    bound: 0,
    campaigns: [campaignId],
    copies: copiesOf(sink),
    more: {
      poisoned: poisoned.length,
      failed: failed.length,
      wrongly_failed_or_sent: wrong,
      injected_headers: injectedHeaders,
      failed_without_a_word: silent,
    },
    also: wrong === 0 && injectedHeaders === 0 && silent === 0,
  })
  await sink.close()
  return verdict
}

/** F23: people say no while their message is claimed. Prints how long after the commit one still left. */
export async function noWhileClaimed(stage: Stage): Promise<Verdict> {
  const sink = await startSmtpSink({ latencyMs: 5, keep: true })
  const { campaignId } = await simCampaign(stage.pool, stage.quick ? 2_000 : 10_000, new Date())
  const worker = stage.inside({ SMTP_URL: `smtp://127.0.0.1:${sink.port}` })
  const saidNo = new Map<string, Date>()
  let rounds = 0
  while (rounds < (stage.quick ? 40 : 300)) {
    if (sink.accepted < 20) {
      await stage.waitFor('it sends', () => sink.accepted >= 20, 30_000)
    }
    // Those whose turn is next: they lie in a worker's hand.
    const { rows } = await stage.pool.query<{ id: string; customer_id: string; recipient: string }>(
      `select s.id, s.customer_id, s.recipient from sends as s
       where s.campaign_id = $1 and s.status = 'pending' and is_leased(s.id, s.campaign_id) order by random() limit 3`,
      [campaignId],
    )
    if (rows.length === 0 && (await stage.waiting(campaignId)) === 0) break
    for (const row of rows) {
      if (saidNo.has(row.id)) continue
      await withTx(stage.pool, (tx) =>
        closeAddresses(
          tx,
          worker.ctx.config,
          [
            {
              channel: 'email',
              address: row.recipient,
              customerId: row.customer_id,
              sendId: row.id,
              reason: 'unsubscribe',
              at: new Date(),
            },
          ],
          { source: 'one_click' },
        ),
      )
      const { rows: now } = await stage.pool.query<{ at: Date }>('select clock_timestamp() as at')
      saidNo.set(row.id, now[0]!.at)
    }
    rounds += 1
  }
  await stage.waitFor('everything ends', async () => (await stage.waiting(campaignId)) === 0, 120_000)
  await worker.stop()
  const { rows: attempts } = await stage.pool.query<{ send_id: string; started_at: Date; finished_at: Date }>(
    'select a.send_id, a.started_at, a.finished_at from delivery_attempts as a where a.send_id = any($1::uuid[])',
    [[...saidNo.keys()]],
  )
  let begunAfter = 0
  let window = 0
  let left = 0
  for (const a of attempts) {
    const at = saidNo.get(a.send_id)!.getTime()
    if (a.started_at.getTime() > at) begunAfter += 1
    if (a.finished_at.getTime() > at) {
      left += 1
      window = Math.max(window, a.finished_at.getTime() - at)
    }
  }
  const verdict = await judge(stage, {
    fault: 'F23',
    what: 'people say no while their message is claimed',
    injected: saidNo.size,
    bound: 0,
    campaigns: [campaignId],
    copies: copiesOf(sink),
    more: {
      begun_after_the_commit: begunAfter,
      on_their_way_at_the_commit: left,
      window_ms: window,
      stopped: saidNo.size - new Set(attempts.map((a) => a.send_id)).size,
    },
    also: begunAfter === 0,
  })
  await sink.close()
  return verdict
}
