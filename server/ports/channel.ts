import type { ChannelKind, OutgoingMessage } from '#core/delivery/message.ts'

/** What is known after an attempt. Only what the provider said, or what cannot have happened, is certain. */
export type Outcome =
  /** `isDelivered`: it is already where the customer reads it */
  | { kind: 'accepted'; providerMessageId: string | null; isDelivered?: boolean }
  /** `suppress`: the address itself is dead and must not be tried again */
  | { kind: 'rejected'; code: string; detail: string; suppress?: boolean }
  /**
   * `unreachable`: no provider was there, or it lets nobody in, so it is no fault of the message;
   * `throttled`: we are too fast for it, and no fault of the message either
   */
  | {
      kind: 'deferred'
      code: string
      detail: string
      retryAfterMs?: number
      unreachable?: boolean
      throttled?: boolean
    }
  /** it may or may not have been taken: never repeated blindly */
  | { kind: 'unknown'; detail: string }

/** What a provider can tell later about a message: taken, already with the customer, certainly not taken, or it does not know. */
export type Fate = 'accepted' | 'delivered' | 'absent' | 'unknown'

/** A message whose fate is asked for: by our own id, and by what else a provider can search for. */
export interface Asked {
  sendId: string
  messageId: string
  recipient: string
  /** when the attempt began */
  at: Date
}

/** One way to reach people. `send` never throws for what a provider does; it answers with an outcome. */
export interface Channel {
  /** the key of the provider, as attempts and sends name it */
  name: string
  kind: ChannelKind
  send(message: OutgoingMessage, signal: AbortSignal): Promise<Outcome>
  /** fates by send id; absent where the provider cannot be asked */
  lookUp?(asked: readonly Asked[]): Promise<Map<string, Fate>>
  close(): Promise<void>
}

/** A provider in use, with its share of the messages and its limits. */
export interface Route {
  channel: Channel
  /** 0: only while no other is available */
  weight: number
  ratePerMinute: number | null
  slots: number | null
}

/** The configured providers; follows changes of the settings within seconds. */
export interface Channels {
  /** what new messages leave through; never empty, the sandbox when nothing else is set */
  routes(kind: ChannelKind): Promise<readonly Route[]>
  /** the one that an attempt names, even if nothing new leaves through it; null when it can no longer be asked */
  find(kind: ChannelKind, name: string): Promise<Channel | null>
  close(): Promise<void>
}
