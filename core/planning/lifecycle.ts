/** A campaign's life. `scheduled` is for campaigns that wait for their day. */
export type CampaignStatus = 'draft' | 'approved' | 'scheduled' | 'active' | 'paused' | 'completed' | 'cancelled'
export type CampaignMove = 'approve' | 'reopen' | 'start' | 'pause' | 'resume' | 'complete' | 'cancel'

const moves: Record<CampaignMove, { from: readonly CampaignStatus[]; to: CampaignStatus }> = {
  approve: { from: ['draft'], to: 'approved' },
  /** an edit after approval takes the approval back */
  reopen: { from: ['approved', 'scheduled'], to: 'draft' },
  start: { from: ['approved', 'scheduled'], to: 'active' },
  pause: { from: ['active'], to: 'paused' },
  resume: { from: ['paused'], to: 'active' },
  complete: { from: ['active'], to: 'completed' },
  cancel: { from: ['draft', 'approved', 'scheduled', 'active', 'paused'], to: 'cancelled' },
}

const words: Record<CampaignMove, string> = {
  approve: 'approved',
  reopen: 'edited',
  start: 'started',
  pause: 'paused',
  resume: 'resumed',
  complete: 'completed',
  cancel: 'cancelled',
}
const states: Record<CampaignStatus, string> = {
  draft: 'still a draft',
  approved: 'approved',
  scheduled: 'scheduled',
  active: 'running',
  paused: 'paused',
  completed: 'over',
  cancelled: 'cancelled',
}

/** Where the move leads, or why it is not possible in words. */
export function moveCampaign(status: CampaignStatus, move: CampaignMove): { to: CampaignStatus } | { refused: string } {
  const allowed = moves[move]
  if (allowed.from.includes(status)) return { to: allowed.to }
  const cure = move === 'start' && status === 'draft' ? ' Approve it first.' : ''
  return { refused: `The campaign is ${states[status]} and cannot be ${words[move]}.${cure}` }
}

export const isEditable = (status: CampaignStatus): boolean => ['draft', 'approved', 'scheduled'].includes(status)
