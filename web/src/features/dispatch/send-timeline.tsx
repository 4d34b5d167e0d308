import { t } from '../../lib/i18n.ts'
import { Timeline } from '../../ui/timeline.tsx'
import { stepsOf, type SendDetail, type SendEvent } from './send-words.ts'

/** Everything that happened to one message, oldest first: attempts and events on one line. */
export function SendTimeline({ send, events }: { send: SendDetail; events: readonly SendEvent[] }) {
  return <Timeline label={t('What happened')} items={stepsOf(send, events)} />
}
