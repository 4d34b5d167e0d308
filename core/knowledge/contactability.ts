/** Standing facts that decide whether a channel is open at all; hours, caps and state law are judged per message. */
export interface ContactFacts {
  hasEmail: boolean
  hasPhone: boolean
  emailConsent: 'granted' | 'denied' | 'unknown'
  smsConsent: 'granted' | 'denied' | 'unknown'
  ageStatus: 'dob_verified' | 'attested' | 'unknown' | 'under_age'
  isDeleted: boolean
  /** reason of the suppression, null when there is none */
  emailSuppressed: string | null
  smsSuppressed: string | null
}

export interface ChannelState {
  channel: 'email' | 'sms'
  can_contact: boolean
  /** why not; empty when the channel is open */
  reasons: { code: string; message: string }[]
}

const suppressed: Record<string, string> = {
  unsubscribe: 'The customer unsubscribed.',
  hard_bounce: 'A message bounced: the address does not exist.',
  complaint: 'The customer reported a message as spam.',
  stop: 'The customer answered STOP.',
  manual: 'Somebody of the shop put the address on the do-not-contact list.',
  erased: 'The customer asked for erasure.',
}

/** Per channel: open, or every reason why it is closed. E-mail may go without a yes (CAN-SPAM), SMS may not (TCPA). */
export function contactability(facts: ContactFacts): ChannelState[] {
  const both: ChannelState['reasons'] = []
  if (facts.isDeleted) both.push({ code: 'deleted', message: 'The customer is deleted.' })
  if (facts.ageStatus === 'under_age') both.push({ code: 'under_age', message: 'The customer is under 21.' })
  const email = [...both]
  if (!facts.hasEmail) email.push({ code: 'no_address', message: 'There is no e-mail address.' })
  if (facts.emailConsent === 'denied') email.push({ code: 'denied', message: 'The customer does not want e-mail.' })
  if (facts.emailSuppressed)
    email.push({
      code: 'suppressed',
      message: suppressed[facts.emailSuppressed] ?? 'The address is on the do-not-contact list.',
    })
  if (facts.ageStatus === 'unknown')
    email.push({ code: 'age_unknown', message: 'Nobody has confirmed that the customer is 21 or older.' })
  const sms = [...both]
  if (!facts.hasPhone) sms.push({ code: 'no_address', message: 'There is no phone number.' })
  if (facts.smsConsent !== 'granted')
    sms.push({
      code: facts.smsConsent === 'denied' ? 'denied' : 'no_consent',
      message:
        facts.smsConsent === 'denied' ? 'The customer does not want SMS.' : 'The customer has not agreed to SMS.',
    })
  if (facts.smsSuppressed)
    sms.push({
      code: 'suppressed',
      message: suppressed[facts.smsSuppressed] ?? 'The number is on the do-not-contact list.',
    })
  if (facts.ageStatus === 'unknown' || facts.ageStatus === 'attested')
    sms.push({ code: 'age_not_verified', message: 'SMS about alcohol needs a verified birth date.' })
  return [
    { channel: 'email', can_contact: email.length === 0, reasons: email },
    { channel: 'sms', can_contact: sms.length === 0, reasons: sms },
  ]
}
