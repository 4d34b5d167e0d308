import type { ClientBase } from 'pg'
import type { Actor } from '../audit.ts'
import { AppError } from '../http/errors.ts'
import { readSetting } from '../settings.ts'
import type { StoredCampaign } from './campaigns.ts'

/**
 * Above the number of the settings, whoever starts a campaign must be another person than who approved it. `messages`
 * null: nobody can know how many, as with an automatic one, so it counts as many. Throws plan.four_eyes.
 */
export async function checkFourEyes(
  client: ClientBase,
  actor: Actor,
  campaign: Pick<StoredCampaign, 'id'>,
  messages: number | null,
): Promise<void> {
  const { four_eyes_above: most } = await readSetting(client, 'limits')
  if (most === null || (messages !== null && messages <= most)) return
  const { rows } = await client.query<{ approved_by: string | null }>(
    'select c.approved_by from campaigns as c where c.id = $1',
    [campaign.id],
  )
  // Only people who signed in can be told apart; a command line could be anybody's.
  const approver = rows[0]?.approved_by ?? null
  if (actor.kind === 'user' && approver !== null && approver !== actor.id) return
  throw new AppError(
    'plan.four_eyes',
    `${messages === null ? 'An automatic campaign' : `A campaign with ${messages.toLocaleString('en')} messages`} needs two people: somebody else than who approved it must start it, signed in as themselves (Settings, Limits).`,
    { messages, above: most },
  )
}
