import type { Header } from './headers.ts'

export type ChannelKind = 'email' | 'sms'

/** A finished message, the same for every provider. Bodies are made when asked for: a relay needs only `mime`. */
export interface OutgoingMessage {
  sendId: string
  kind: ChannelKind
  /** the same for every attempt */
  messageId: string
  /** address or number it comes from */
  sender: string
  /** what the customer sees as sender */
  senderName: string
  recipient: string
  /** email only */
  subject: string | null
  headers: readonly Header[]
  /** holds a key to an account: a sandbox shows it to admins only */
  isConfidential?: true
  /** email only */
  replyTo?: string | null
  /** no provider may keep it in a queue of its own longer than this */
  notAfter?: Date
  html(): string | null
  text(): string
  /** the whole RFC 5322 message with CRLF line ends; email only. ASCII. */
  mime(): string
}
