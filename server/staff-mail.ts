import type { Ctx } from './context.ts'
import type { Outcome } from './ports/channel.ts'
import { sendServiceMessage } from './service-mail.ts'
import { readSetting } from './settings.ts'

export interface StaffMail {
  recipient: string
  subject: string
  text: string
  html: string
  /** holds a key to an account: in a sandbox only admins may read it */
  isConfidential?: true
}

/** A mail to somebody who works in the shop, by the first email channel: no customer, no gate, no tracking. */
export async function mailStaff(ctx: Ctx, mail: StaffMail): Promise<Outcome> {
  const shop = await readSetting(ctx.pool, 'shop')
  const { rows } = await ctx.pool.query<{ id: string }>('select uuidv7() as id')
  const { isConfidential, ...words } = mail
  const message = { id: rows[0]!.id, kind: 'email' as const, ...words, shop, at: ctx.clock() }
  return sendServiceMessage(ctx, message, isConfidential ? { isConfidential } : {})
}

/** A plain mail of a few paragraphs, as text and as HTML. */
export function plainMail(paragraphs: readonly string[]): Pick<StaffMail, 'text' | 'html'> {
  const body = paragraphs.map((p) => (/^https?:/.test(p) ? `<a href="${escaped(p)}">${escaped(p)}</a>` : escaped(p)))
  return {
    text: `${paragraphs.join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><body style="font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:2rem auto;padding:0 1rem">${body.map((p) => `<p>${p}</p>`).join('')}</body></html>`,
  }
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
