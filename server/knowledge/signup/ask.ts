import type { SignupChannel } from '#core/knowledge/signup.ts'
import type { Ctx } from '../../context.ts'
import { escapeHtml, textOn } from '../../public-page.ts'
import { sendServiceMessage } from '../../service-mail.ts'
import { readSetting } from '../../settings.ts'
import { signupDays } from '../../signup-confirm.ts'
import { signupUrl } from '../../tokens.ts'

interface Due {
  id: string
  channel: SignupChannel
  address: string
  consent_text: string
  ask_tries: number
  was_closed: boolean
}

const mostTries = 5
const atOnce = 20

/**
 * Asks the owners of new addresses whether they want it: claims what is due, then sends. The next try is written down
 * before the first, so a crash in between asks once more after two minutes, with the same Message-ID.
 */
export async function askForConfirmations(ctx: Ctx): Promise<number> {
  const now = ctx.clock()
  const { rows } = await ctx.pool.query<Due>(
    `update signups as g set ask_tries = g.ask_tries + 1, ask_at = $1::timestamptz + interval '2 minutes' * power(2, g.ask_tries)
     from (select w.id from signups as w where w.ask_at <= $1 and w.status = 'pending' order by w.ask_at limit $2 for update skip locked) as due
     where g.id = due.id
     returning g.id, g.channel, g.address, g.consent_text, g.ask_tries,
       exists (select from customers as c where c.email::text = g.address and c.email_consent = 'denied' and g.channel = 'email') as was_closed`,
    [now, atOnce],
  )
  if (rows.length === 0) return 0
  const shop = await readSetting(ctx.pool, 'shop')
  for (const due of rows) await ask(ctx, due, shop, now)
  return rows.length
}

async function ask(
  ctx: Ctx,
  due: Due,
  shop: { name: string; from_name: string; from_email: string; brand_color: string },
  now: Date,
): Promise<void> {
  const url = signupUrl(ctx.config.publicUrl, ctx.config.secret, due.id)
  const outcome = await sendServiceMessage(ctx, {
    id: due.id,
    kind: due.channel,
    recipient: due.address,
    subject: `Please confirm: emails from ${shop.name}`,
    text: due.channel === 'email' ? mailText(shop.name, due, url) : smsText(shop.name, url),
    html: due.channel === 'email' ? mailHtml(shop, due, url) : null,
    shop,
    at: now,
  })
  // It may have arrived: who did not get it signs up again, and nobody is asked twice.
  const isOver = outcome.kind !== 'deferred' || due.ask_tries >= mostTries
  const later = outcome.kind === 'deferred' ? (outcome.retryAfterMs ?? 0) : 0
  await ctx.pool.query(
    `update signups as g set asked_at = case when $2 then $3::timestamptz else g.asked_at end, ask_error = $4,
       ask_at = case when $5 then null else greatest(g.ask_at, $3::timestamptz + $6 * interval '1 ms') end
     where g.id = $1`,
    [
      due.id,
      outcome.kind === 'accepted' || outcome.kind === 'unknown',
      now,
      outcome.kind === 'accepted' ? null : outcome.detail.slice(0, 300),
      isOver,
      later,
    ],
  )
  if (outcome.kind === 'deferred' && due.ask_tries >= mostTries)
    ctx.log.warn({ signup: due.id, channel: due.channel }, 'a sign-up could not be asked to confirm')
}

const notYou = `If you did not ask for this, ignore this message: nothing will be sent, and your address is deleted after ${signupDays} days.`

function mailText(shop: string, due: Due, url: string): string {
  return [
    `Please confirm that you want emails from ${shop}.`,
    ...(due.was_closed ? ['', 'You unsubscribed once. Confirming takes that back.'] : []),
    '',
    `You agreed to this: "${due.consent_text}"`,
    '',
    `Confirm here: ${url}`,
    '',
    notYou,
    '',
  ].join('\n')
}

function mailHtml(
  { name: shop, brand_color: color }: { name: string; brand_color: string },
  due: Due,
  url: string,
): string {
  const p = (html: string): string => `<p style="margin:0 0 16px">${html}</p>`
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Please confirm</title></head><body style="margin:0;padding:24px;font:16px/24px Helvetica,Arial,sans-serif;color:#13211B;background:#ffffff"><div style="max-width:520px">
${p(`Please confirm that you want emails from <b>${escapeHtml(shop)}</b>.`)}${due.was_closed ? p('You unsubscribed once. Confirming takes that back.') : ''}
${p(`You agreed to this: &ldquo;${escapeHtml(due.consent_text)}&rdquo;`)}
${p(`<a href="${escapeHtml(url)}" style="display:inline-block;padding:12px 20px;border-radius:4px;background:${color};color:${textOn(color)};font-weight:bold;text-decoration:none">Yes, confirm</a>`)}
<p style="margin:0;color:#4A5B53;font-size:14px;line-height:20px">${notYou}</p></div></body></html>`
}

// CTIA: the message that asks carries the name, what it is, and how to stop.
function smsText(shop: string, url: string): string {
  return `${shop}: reply YES or open ${url} to get our recurring marketing texts. 21+. Msg & data rates may apply. Reply STOP to end, HELP for help.`
}

/** What nobody confirmed goes, with everything in it. The sums stay. */
export async function forgetSignups(ctx: Ctx): Promise<void> {
  await ctx.pool.query(
    `delete from signups as g where g.status <> 'confirmed' and g.created_at < $1::timestamptz - make_interval(days => ${signupDays})`,
    [ctx.clock()],
  )
}
