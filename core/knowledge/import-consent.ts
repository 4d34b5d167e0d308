import type { ConsentStatus } from './import-customer.ts'
import { readInstant } from './read-date.ts'
import { readEmail, readFlag, readPhone, type Read } from './read-value.ts'
import type { RowReader, RowResult, RowRules } from './row-reader.ts'

export type Channel = 'email' | 'sms'

/** One statement of a customer about one channel, with its proof. */
export interface ConsentFacts {
  externalId: string | null
  email: string | null
  phone: string | null
  channel: Channel
  status: ConsentStatus
  source: string
  givenAt: Date
  textVersion: string | null
}

export type SuppressionReason = 'unsubscribe' | 'hard_bounce' | 'complaint' | 'stop' | 'manual'

/** An address that must not be written to. */
export interface SuppressionFacts {
  email: string | null
  phone: string | null
  channel: Channel | 'all'
  reason: SuppressionReason
  at: Date
}

/** Reads one row of a consent list. A yes needs source and date; a no counts without. */
export function readConsentRow(row: RowReader, rules: RowRules): RowResult<ConsentFacts> {
  const { externalId, email, phone } = readWho(row, rules)
  const channel = row.read('channel', readChannel) ?? onlyChannel(email, phone)
  if (!row.isFaulty() && channel === null)
    row.refuse('channel', 'The row does not say which channel it means; write email or sms.')
  const given = row.read('status', readFlag)
  if (!row.isFaulty() && given === null) row.refuse('status', 'The row says neither yes nor no.')
  const source = row.text('source', 200)
  const givenAt = readPast(row, 'given_at', rules)
  if (!row.isFaulty() && given === true && source === null)
    row.refuse('source', 'A yes needs a source: where was it given?')
  if (!row.isFaulty() && given === true && givenAt === null)
    row.refuse('given_at', 'A yes needs a date: when was it given?')
  return row.result({
    externalId,
    email,
    phone,
    channel: channel === 'sms' ? 'sms' : 'email',
    status: given ? 'granted' : 'denied',
    source: source ?? 'import',
    givenAt: givenAt ?? rules.now,
    textVersion: row.text('text_version', 200),
  })
}

/** Reads one row of a suppression list. */
export function readSuppressionRow(row: RowReader, rules: RowRules): RowResult<SuppressionFacts> {
  const { email, phone } = readWho(row, rules)
  const channel = row.read('channel', readScope) ?? onlyChannel(email, phone) ?? 'all'
  if (!row.isFaulty() && ((channel === 'email' && email === null) || (channel === 'sms' && phone === null)))
    row.refuse(channel === 'email' ? 'email' : 'phone', 'The row has no address for its channel.')
  return row.result({
    email,
    phone,
    channel,
    reason: row.read('reason', readReason) ?? 'manual',
    at: readPast(row, 'at', rules) ?? rules.now,
  })
}

function readWho(row: RowReader, rules: RowRules): Pick<ConsentFacts, 'externalId' | 'email' | 'phone'> {
  const externalId = row.text('external_id', 100)
  const email = row.read('email', readEmail)
  const phone = row.read('phone', (t) => readPhone(t, rules.country))
  if (!row.isFaulty() && externalId === null && email === null && phone === null)
    row.refuse('email', 'The row has no email, no phone and no customer number, so it is nobody.')
  return { externalId, email, phone }
}

function onlyChannel(email: string | null, phone: string | null): Channel | null {
  if (email !== null && phone === null) return 'email'
  return phone !== null && email === null ? 'sms' : null
}

function readPast(row: RowReader, field: string, rules: RowRules): Date | null {
  return row.read(field, (t) => {
    const at = readInstant(t, rules, rules.now)
    if (!at) return { fault: 'This is not a date that exists; write it like 2024-05-31.' }
    return at.getTime() > rules.now.getTime() + 86_400_000 ? { fault: 'The date lies in the future.' } : { value: at }
  })
}

const channels: Record<string, Channel> = {
  email: 'email',
  'e mail': 'email',
  mail: 'email',
  newsletter: 'email',
  sms: 'sms',
  text: 'sms',
  texts: 'sms',
  phone: 'sms',
  mobile: 'sms',
}
const wordOf = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/[-_/.]+/g, ' ')

function readChannel(text: string): Read<Channel> {
  const channel = channels[wordOf(text)]
  return channel ? { value: channel } : { fault: 'There is no such channel; write email or sms.' }
}

function readScope(text: string): Read<Channel | 'all'> {
  return ['all', 'any', 'both', 'everything'].includes(wordOf(text)) ? { value: 'all' } : readChannel(text)
}

// The words of other senders' exports.
const reasons: [RegExp, SuppressionReason][] = [
  [/complain|spam|abuse/, 'complaint'],
  [/bounce|invalid|cleaned|undeliver|unknown user/, 'hard_bounce'],
  [/^stop|keyword/, 'stop'],
  [/unsub|opt.?out|removed|left/, 'unsubscribe'],
  [/manual|block|admin|do not|suppress/, 'manual'],
]

function readReason(text: string): Read<SuppressionReason> {
  const found = reasons.find(([words]) => words.test(wordOf(text)))
  return found
    ? { value: found[1] }
    : { fault: 'Write unsubscribe, complaint, hard bounce, stop or manual, or leave it empty.' }
}
