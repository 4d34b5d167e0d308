import { paces, topics, type Topic } from '#core/compliance/wishes.ts'
import { maskAddress } from './opt-out-pages.ts'
import { escapeHtml, renderPage, type Face } from '../public-page.ts'

interface Line {
  address: string
  on: boolean
  /** bounced, complained or stopped: nothing can be ticked */
  closed: boolean
}

export interface Choices {
  face: Face
  saved: boolean
  email: Line | null
  sms: Line | null
  /** null: an erased customer has an address to close and nothing else to choose */
  wishes: { topicsOff: readonly string[]; everyDays: number | null; pausedUntil: string | null } | null
}

const topicWords: Record<Topic, [label: string, about: string]> = {
  spirits: ['Spirits', 'Offers on whiskey, gin, tequila and the like'],
  wine: ['Wine', 'Offers on wine and sparkling'],
  beer: ['Beer', 'Offers on beer and cider'],
  events: ['Tastings', 'Invitations to the store'],
  news: ['New arrivals', 'What came in, without a price cut'],
}
const paceWords: Record<number, string> = {
  7: 'At most once a week',
  14: 'At most every two weeks',
  28: 'At most once a month',
}
/** Weeks somebody may pause for. */
export const pauseWeeks = [1, 2, 4, 8, 12] as const

/** Where a customer chooses channels, topics, pace and a pause: one form, one button, no script. */
export function preferencesPage(choices: Choices): string {
  return renderPage({
    face: choices.face,
    title: 'What may we send you?',
    body: `${choices.saved ? '<p class="done" role="status">Saved. It applies from now on.</p>' : ''}
<form method="post"><input type="hidden" name="action" value="save">
<fieldset class="ticks"><legend>How</legend>
${channelLine(choices, 'email', 'Offers by email', 'Every email has an unsubscribe link.')}
${channelLine(choices, 'sms', 'Offers by text message', `Marketing texts from ${escapeHtml(choices.face.shop)}; message and data rates may apply; reply STOP to end. Not a condition of purchase.`)}
</fieldset>
${choices.wishes ? wishParts(choices.wishes) : ''}
<button type="submit">Save</button></form>
<hr><form method="post"><input type="hidden" name="action" value="none"><button class="quiet" type="submit">Stop everything</button></form>
<p class="small below">For customers of legal drinking age only.</p>`,
  })
}

function channelLine(choices: Choices, channel: 'email' | 'sms', label: string, about: string): string {
  const now = choices[channel]
  if (!now) return ''
  const note = now.closed ? 'Closed: messages came back or were reported as unwanted. Ask at the shop.' : about
  return `<label class="tick"><input type="checkbox" name="${channel}" value="on"${now.on ? ' checked' : ''}${now.closed ? ' disabled' : ''}><span><b>${label}</b><span>${escapeHtml(maskAddress(channel, now.address))}. ${note}</span></span></label>`
}

function wishParts({ topicsOff, everyDays, pausedUntil }: NonNullable<Choices['wishes']>): string {
  const topicLines = topics.map((topic) => {
    const [label, about] = topicWords[topic]
    return `<label class="tick"><input type="checkbox" name="topic_${topic}" value="on"${topicsOff.includes(topic) ? '' : ' checked'}><span><b>${label}</b><span>${about}</span></span></label>`
  })
  const paceLine = (value: number | null, label: string): string =>
    `<label class="tick"><input type="radio" name="pace" value="${value ?? ''}"${value === everyDays ? ' checked' : ''}><span>${label}</span></label>`
  const pauses = [
    pausedUntil
      ? `<option value="keep" selected>Paused until ${escapeHtml(pausedUntil)}</option><option value="">End the pause now</option>`
      : '<option value="" selected>No pause</option>',
    ...pauseWeeks.map((n) => `<option value="${n}">${n === 1 ? 'One week' : `${n} weeks`} from today</option>`),
  ]
  return `<fieldset class="small-ticks"><legend>About what</legend>${topicLines.join('')}</fieldset>
<fieldset class="small-ticks"><legend>How often</legend>${paceLine(null, 'As often as there is something good')}${paces.map((n) => paceLine(n, paceWords[n]!)).join('')}</fieldset>
<div class="field"><label for="pause">Pause all messages for</label><select id="pause" name="pause">${pauses.join('')}</select></div>`
}
