import type { SignupChannel, SignupFaults, SignupField } from '#core/knowledge/signup.ts'
import { escapeHtml as esc, renderPage, type Face } from '../../public-page.ts'

export interface FormPage {
  face: Face
  embedded: boolean
  form: {
    key: string
    headline: string
    intro: string
    channels: readonly SignupChannel[]
    asks_name: boolean
    asks_zip: boolean
  }
  /** to choose from; fewer than two: nothing is asked */
  stores: readonly { id: string; name: string; city: string }[]
  /** the words of each channel, filled in */
  words: Record<SignupChannel, string>
  /** signed: proves that the page was opened a while ago */
  stamp: string
  via: string
  /** where the frame stands */
  page: string
  values: Partial<Record<SignupField, string>>
  faults: SignupFaults
  /** said above the form when it is shown again for another reason */
  note?: string
}

/** The form itself: no script, one column, big fields, every fault beside its field. */
export function formPage(p: FormPage): string {
  const { form, values, faults } = p
  const count = Object.keys(faults).length
  const invalid = (field: SignupField): string =>
    faults[field] ? ` aria-invalid="true" aria-describedby="${field}-fault"` : ''
  const fault = (field: SignupField): string =>
    faults[field] ? `<span class="fault" id="${field}-fault">${esc(faults[field])}</span>` : ''
  const input = (field: SignupField, label: string, attributes: string): string =>
    `<div class="field"><label for="${field}">${label}</label><input id="${field}" name="${field}" value="${esc(values[field] ?? '')}" ${attributes}${invalid(field)}>${fault(field)}</div>`
  const part = (field: 'birth_month' | 'birth_day' | 'birth_year', label: string, attributes: string): string =>
    `<div><label for="${field}">${label}</label><input id="${field}" name="${field}" value="${esc(values[field] ?? '')}" inputmode="numeric" required ${attributes}${faults.birth_month ? ' aria-invalid="true" aria-describedby="birth_month-fault"' : ''}></div>`
  const tick = (channel: SignupChannel): string =>
    `<label class="tick"><input type="checkbox" name="consent_${channel}" value="on"${values[`consent_${channel}`] === 'on' ? ' checked' : ''}${invalid(`consent_${channel}`)}><span>${esc(p.words[channel])}${fault(`consent_${channel}`)}</span></label>`
  const both = form.channels.length > 1
  const parts: string[] = []
  if (form.asks_name)
    parts.push(input('first_name', 'First name (optional)', 'autocomplete="given-name" maxlength="60"'))
  for (const channel of form.channels)
    parts.push(
      channel === 'email'
        ? input(
            'email',
            both ? 'Email (for emails)' : 'Email',
            `type="email" autocomplete="email" maxlength="254"${both ? '' : ' required'}`,
          )
        : input(
            'phone',
            both ? 'Mobile number (for texts)' : 'Mobile number',
            `type="tel" autocomplete="tel-national" maxlength="40"${both ? '' : ' required'}`,
          ),
    )
  parts.push(
    `<fieldset class="field"><legend>Date of birth</legend><p class="small above">You must be 21 or older.</p><div class="day">${part('birth_month', 'Month', 'autocomplete="bday-month" maxlength="2" placeholder="MM"')}${part('birth_day', 'Day', 'autocomplete="bday-day" maxlength="2" placeholder="DD"')}${part('birth_year', 'Year', 'autocomplete="bday-year" maxlength="4" placeholder="YYYY"')}</div>${fault('birth_month')}</fieldset>`,
  )
  if (form.asks_zip)
    parts.push(input('zip', 'ZIP (optional)', 'inputmode="numeric" autocomplete="postal-code" maxlength="10"'))
  if (p.stores.length > 1)
    parts.push(
      `<div class="field"><label for="store">Your store</label><select id="store" name="store">${p.stores
        .map(
          (s) =>
            `<option value="${s.id}"${s.id === values.store ? ' selected' : ''}>${esc(s.name)}, ${esc(s.city)}</option>`,
        )
        .join('')}</select></div>`,
    )
  else if (values.store) parts.push(`<input type="hidden" name="store" value="${esc(values.store)}">`)
  const said =
    count > 0
      ? `<p class="bad" role="alert">${count === 1 ? 'One thing needs a look:' : `${count} things need a look:`} ${Object.entries(
          faults,
        )
          .map(([field, text]) => `<a href="#${field.startsWith('consent') ? 'consents' : field}">${esc(text)}</a>`)
          .join(' ')}</p>`
      : p.note
        ? `<p class="bad" role="alert">${esc(p.note)}</p>`
        : ''
  return renderPage({
    face: p.face,
    title: form.headline,
    embedded: p.embedded,
    body: `${form.intro ? `<p>${esc(form.intro)}</p>` : ''}${said}
<form method="post" action="/s/${form.key}${p.embedded ? '?embed=1' : ''}">
<input type="hidden" name="stamp" value="${esc(p.stamp)}"><input type="hidden" name="via" value="${esc(p.via)}"><input type="hidden" name="page" value="${esc(p.page)}">
<div class="trap" aria-hidden="true"><label for="website">Leave this empty</label><input id="website" name="website" tabindex="-1" autocomplete="off"></div>
${parts.join('\n')}
<div class="ticks" id="consents">${form.channels.map(tick).join('')}</div>
<button type="submit">Sign up</button></form>`,
  })
}

/** The same for everybody, known or not, so that nobody learns from it who is a customer. */
export function checkPage(face: Face, embedded: boolean, channels: readonly SignupChannel[]): string {
  const where =
    channels.length > 1 ? 'your mailbox and your phone' : channels[0] === 'sms' ? 'your phone' : 'your mailbox'
  return renderPage({
    face,
    embedded,
    title: 'One more step',
    body: `<p class="done" role="status">Look into ${where}: we sent a message that asks you to confirm.</p>
<p>Nothing else will be sent before you do. The message works for seven days.</p>
${channels.includes('sms') ? '<p class="small">No text? If you once answered STOP to our texts, text START to that number first.</p>' : ''}${channels.includes('email') ? '<p class="small">No mail? Look into the spam folder, too.</p>' : ''}`,
  })
}

export function underAgePage(face: Face, embedded: boolean): string {
  return renderPage({
    face,
    embedded,
    title: 'Sorry, this list is for adults of 21 and over',
    body: '<p>We kept nothing of what you wrote.</p>',
  })
}

export function closedFormPage(face: Face, embedded: boolean): string {
  return renderPage({
    face,
    embedded,
    title: 'This form is closed',
    body: `<p>Ask at ${esc(face.shop)} how to get on the list.</p>`,
  })
}

export function confirmPage(face: Face, channel: SignupChannel, words: string): string {
  return renderPage({
    face,
    title: channel === 'email' ? 'Get our emails?' : 'Get our texts?',
    body: `<p>${esc(words)}</p>
<form method="post"><button type="submit">Yes, confirm</button></form>
<hr><p class="small">It was not you? Close this page: nothing will be sent, and what was written is deleted after seven days.</p>`,
  })
}

export function confirmedPage(face: Face, channel: SignupChannel, thanks: string, preferences: string | null): string {
  return renderPage({
    face,
    title: 'You are on the list',
    body: `<p class="done" role="status">Confirmed. You will get our ${channel === 'email' ? 'emails' : 'texts'}.</p>
${thanks ? `<p>${esc(thanks)}</p>` : ''}${preferences ? `<hr><p class="small"><a href="${esc(preferences)}">Choose what you get, and how often</a></p>` : ''}`,
  })
}

export function cannotConfirmPage(face: Face, kind: 'closed' | 'expired'): string {
  return kind === 'closed'
    ? renderPage({
        face,
        title: 'This address cannot be signed up here',
        body: '<p>Ask at the shop: somebody there can look at what stands in the way.</p>',
      })
    : renderPage({
        face,
        title: 'This link has ended',
        body: '<p>It was good for seven days, or it is incomplete. Sign up again to get a new one.</p>',
      })
}
