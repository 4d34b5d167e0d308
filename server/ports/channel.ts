import type { ChannelKind, OutgoingMessage } from '#core/delivery/message.ts'

/** What is known after an attempt. Only what the provider said, or what cannot have happened, is certain. */
export type Outcome =
  /** `isDelivered`: it is already where the customer reads it */
  | { kind: 'accepted'; providerMessageId: string | null; isDelivered?: boolean }
  /** `suppress`: the address itself is dead and must not be tried again */
  | { kind: 'rejected'; code: string; detail: string; suppress?: boolean }
  /** `unreachable`: no provider was there, so it is no fault of the message */
  | { kind: 'deferred'; code: string; detail: string; retryAfterMs?: number; unreachable?: boolean }
  /** it may or may not have been taken: never repeated blindly */
  | { kind: 'unknown'; detail: string }

/** What a provider can tell later about a message id: taken, already with the customer, certainly not taken, or it does not know. */
export type Fate = 'accepted' | 'delivered' | 'absent' | 'unknown'

/** One way to reach people. `send` never throws for what a provider does; it answers with an outcome. */
export interface Channel {
  name: string
  kind: ChannelKind
  send(message: OutgoingMessage, signal: AbortSignal): Promise<Outcome>
  reconcile?(messageIds: readonly string[]): Promise<Map<string, Fate>>
  close(): Promise<void>
}

/** The configured channels; follows changes of the settings within seconds. */
export interface Channels {
  get(kind: ChannelKind): Promise<Channel>
  close(): Promise<void>
}
