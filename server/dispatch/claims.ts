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

  // Those that still give messages are not asked about again: the question steps over everything they have sent.
  async function look(): Promise<void> {
    const began = Date.now()
    const known = due.map((campaign) => campaign.id)
    due = [...due, ...(await dueCampaigns(ctx, kind, campaignId, known))]
    lookAt = began + Math.max(lookEveryMs, 20 * (Date.now() - began))
  }

  return {
    async next(limit) {
      if (Date.now() - startedAt > startOverEveryMs) {
        marks.clear()
        startedAt = Date.now()
      }
      if (due.length === 0 || Date.now() > lookAt) await look()
      for (let tries = 2 * due.length; tries > 0 && due.length > 0; tries--) {
        const campaign = due[turn++ % due.length]!
        const { id } = campaign
        const mark = marks.get(id) ?? null
        const sends = await claimBatch(ctx, worker, kind, campaign, limit, mark)
        const last = sends.at(-1)
        // A short batch is the end of the line: the next look begins at its front, where something may have come back.
        if (last && sends.length === limit) marks.set(id, { dueAt: last.due_at, id: last.id })
        else marks.delete(id)
        if (last) return sends
        if (!mark) due = due.filter((other) => other !== campaign)
      }
      return []
    },
    startOver: () => marks.clear(),
  }
}
