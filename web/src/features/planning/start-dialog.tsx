import { useState } from 'react'
import { day } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceCard } from '../../ui/choice-card.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import type { Campaign } from './campaign-words.ts'

/** The last question before messages leave: how many people, and when. */
export function StartDialog({
  campaign,
  onStart,
  onClose,
}: {
  campaign: Campaign
  onStart: (now: boolean) => void
  onClose: () => void
}) {
  const [when, setWhen] = useState<'planned' | 'now'>('planned')
  const reach = campaign.planned_reach ?? 0
  const first = campaign.weekly_plan?.entries.map((e) => e.day).sort()[0]
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('Start {name}?', { name: campaign.name })}
      description={t(
        '{count, plural, one {# customer gets} other {# customers get}} messages. You can pause at any time; what has left stays sent.',
        { count: reach },
      )}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button look="primary" onClick={() => onStart(when === 'now')}>
            {when === 'now'
              ? t('Send now')
              : t('Start: {count, plural, one {# customer} other {# customers}}', { count: reach })}
          </Button>
        </>
      }
    >
      <fieldset className="space-y-2">
        <legend className="sr-only">{t('When')}</legend>
        <ChoiceCard
          name="when"
          value="planned"
          chosen={when}
          onChoose={setWhen}
          label={t('At each planned day and hour')}
        >
          {first
            ? t('The first messages leave on {day}, each at the hour that customer usually buys.', {
                day: day(first, 'weekday'),
              })
            : t('Each at the hour that customer usually buys.')}
        </ChoiceCard>
        <ChoiceCard name="when" value="now" chosen={when} onChoose={setWhen} label={t('Now')}>
          {t(
            'One message per customer, as soon as the law and your own hours allow it. Consent, age and caps are checked again at that moment.',
          )}
        </ChoiceCard>
      </fieldset>
    </Dialog>
  )
}
