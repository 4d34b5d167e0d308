import type { ChannelKind } from '#core/delivery/message.ts'
import type { Ctx } from '../context.ts'
import { claimBatch, dueCampaigns, type ClaimedSend, type DueCampaign, type Mark } from './claim.ts'
import type { Worker } from './liveness.ts'

/** The claims of one lane: running campaigns take turns, each is walked through in the order in which messages are due. */
export interface Claims {
  /** the next messages, or none when nothing is due over this channel */
  next(limit: number): Promise<ClaimedSend[]>
  /** something went back in line: look at every campaign from its beginning */
  startOver(): void
}

/** Which campaigns have work is asked this often at most, and never more than a twentieth of the time. */
const lookEveryMs = 1_000
/** What other workers gave back is found this late at most. */
const startOverEveryMs = 10_000

export function createClaims(ctx: Ctx, worker: Worker, kind: ChannelKind, campaignId: string | null): Claims {
  let due: DueCampaign[] = []
  let lookAt = 0
  let turn = 0
  let startedAt = 0
  const marks = new Map<string, Mark>()

  async function look(): Promise<void> {
    const began = Date.now()
    due = await dueCampaigns(ctx, kind, campaignId)
    lookAt = began + Math.max(lookEveryMs, 20 * (Date.now() - began))
  }

  return {
    async next(limit) {
      if (Date.now() - startedAt > startOverEveryMs) {
        marks.clear()
        startedAt = Date.now()
      }
      if (due.length === 0 || Date.now() > lookAt) await look()
      for (let tries = due.length; tries > 0; tries--) {
        const campaign = due[turn++ % due.length]!
        const { id } = campaign
        const sends = await claimBatch(ctx, worker, kind, campaign, limit, marks.get(id) ?? null)
        const last = sends.at(-1)
        // A short batch is the end of the line: the next look begins at its front.
        if (last && sends.length === limit) marks.set(id, { dueAt: last.due_at, id: last.id })
        else marks.delete(id)
        if (last) return sends
      }
      due = []
      return []
    },
    startOver: () => marks.clear(),
  }
}
