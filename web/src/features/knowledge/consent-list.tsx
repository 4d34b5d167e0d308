import { instant, shopZone } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { channelWord } from '../../ui/pill.tsx'
import { Timeline } from '../../ui/timeline.tsx'
import type { Customer } from './customer-words.ts'

/** Every consent with its proof, newest first. Nothing is ever overwritten. */
export function ConsentList({ consents }: { consents: Customer['consents'] }) {
  if (consents.length === 0)
    return (
      <p className="text-ink-2">{t('No consent was ever recorded. Without one no message goes to this customer.')}</p>
    )
  return (
    <Timeline
      label={t('Consents')}
      items={consents.map((c) => ({
        id: c.id,
        at: c.given_at,
        tone: c.status === 'granted' ? 'good' : 'risk',
        title:
          c.status === 'granted'
            ? t('{channel}: agreed', { channel: channelWord(c.channel) })
            : t('{channel}: refused', { channel: channelWord(c.channel) }),
        detail: [
          t('Source: {source}', { source: c.source }),
          c.text_version ? t('text {version}', { version: c.text_version }) : null,
          c.ip ? t('from {ip}', { ip: c.ip }) : null,
          c.signup?.page ? t('in {page}', { page: c.signup.page }) : null,
          c.signup
            ? t('confirmed {when}', { when: instant(new Date(c.signup.confirmed_at), 'short', shopZone()) })
            : null,
          c.signup ? t('to the words “{words}”', { words: c.signup.words }) : null,
        ]
          .filter(Boolean)
          .join(', '),
      }))}
    />
  )
}
