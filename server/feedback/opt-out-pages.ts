import type { Channel } from '../opt-out.ts'
import { escapeHtml, renderPage, type Face } from '../public-page.ts'

const messages: Record<Channel, string> = { email: 'emails', sms: 'texts' }

/** "j•••@example.com" or "•••• 0142": enough to know one's own, nothing for a stranger who got the link. */
export function maskAddress(channel: Channel, address: string): string {
  if (channel === 'sms') return `•••• ${address.slice(-4)}`
  const [name = '', host = ''] = address.split('@')
  return `${name.slice(0, 1)}•••@${host}`
}

export interface Whom {
  face: Face
  channel: Channel
  address: string
}

export function confirmPage(to: Whom): string {
  const what = messages[to.channel]
  return renderPage({
    face: to.face,
    title: `Stop ${what} from ${to.face.shop}?`,
    body: `<p>We will stop sending offers to <b>${escapeHtml(maskAddress(to.channel, to.address))}</b> at once, and cancel any that are waiting. Your purchases and your account at the shop stay as they are.</p>
<form method="post"><input type="hidden" name="action" value="unsubscribe"><button type="submit">Unsubscribe</button></form>
<hr><p class="small">Came here by mistake? Close this page: nothing has changed.</p>`,
  })
}

export function donePage(to: Whom, preferencesPath: string): string {
  return renderPage({
    face: to.face,
    title: `You are unsubscribed`,
    body: `<p class="done" role="status">No more ${messages[to.channel]} will go to ${escapeHtml(maskAddress(to.channel, to.address))}.</p>
<p>It took effect at once. A message that had already left us may still arrive.</p>
<form method="post"><input type="hidden" name="action" value="undo"><button class="quiet" type="submit">Undo: keep me subscribed</button></form>
<hr><p class="small"><a href="${escapeHtml(preferencesPath)}">Choose what you get</a></p>`,
  })
}

export function undonePage(to: Whom, open: boolean): string {
  return open
    ? renderPage({
        face: to.face,
        title: 'You are still subscribed',
        body: `<p class="done" role="status">We will keep sending ${messages[to.channel]} to ${escapeHtml(maskAddress(to.channel, to.address))}.</p>
<p>Changed your mind again?</p><form method="post"><input type="hidden" name="action" value="unsubscribe"><button class="quiet" type="submit">Unsubscribe</button></form>`,
      })
    : renderPage({
        face: to.face,
        title: 'This address stays closed',
        body: `<p>Messages to ${escapeHtml(maskAddress(to.channel, to.address))} came back or were reported as unwanted, so we may not send any more. Ask at the shop if you want to hear from us again.</p>`,
      })
}

export function unknownLinkPage(face: Face): string {
  return renderPage({
    face,
    title: 'This link does not work',
    body: `<p>It is incomplete or was changed on the way. Open it again from the message itself; if that does not help, answer the message and we will take you off the list by hand.</p>`,
  })
}
