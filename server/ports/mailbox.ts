/** How a mailbox is reached. */
export interface MailboxAddress {
  host: string
  port: number
  user: string
  password: string
  /** it may stand in the own network, too */
  allowPrivate: boolean
}

/** What is to become of a message that was read: nothing is ever deleted. */
export type MailVerdict = 'read' | 'flag'

/** Mailboxes that are read by machine. */
export interface Mailboxes {
  /**
   * Reads what is unread, oldest first, and marks each message when `handle` is done with it: `read`, or `flag` for a
   * person to look at. Returns how many there were. Throws with a sentence when the mailbox cannot be read.
   */
  readUnread(
    address: MailboxAddress,
    handle: (raw: string, receivedAt: Date) => Promise<MailVerdict>,
    signal: AbortSignal,
  ): Promise<number>
}
