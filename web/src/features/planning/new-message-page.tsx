import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { shopZone } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useSend } from '../../lib/query.ts'
import { Button, LinkButton, TextLink } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { Page } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { useSegmentNames } from './campaign-words.ts'
import { todayIn } from './plan-words.ts'
import { isComplete, TriggerForm } from './trigger-form.tsx'
import { emptyTrigger, sentenceOf, type Trigger } from './trigger-words.ts'

/** A message that waits for something to happen to a customer. It is a draft until somebody approves and starts it. */
export default function NewMessagePage() {
  const navigate = useNavigate()
  const names = useSegmentNames()
  const [trigger, setTrigger] = useState<Trigger>(() => emptyTrigger('welcome'))
  const [name, setName] = useState('')
  const [holdout, setHoldout] = useState('10')
  const [tried, setTried] = useState(false)
  const create = useSend('POST /api/v1/campaigns', {
    refresh: ['GET /api/v1/campaigns'],
    onDone: ({ id }) => void navigate({ to: '/campaigns/$id', params: { id } } as never),
  })
  return (
    <Page
      title={t('Automatic message')}
      back={<TextLink to="/campaigns">{t('Campaigns')}</TextLink>}
      subtitle={t(
        'It waits for something to happen to a customer, and runs until you stop it. Law, consent and caps hold for it as for any other.',
      )}
      narrow
    >
      <form
        className="space-y-5"
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          setTried(true)
          if (!isComplete(trigger) || name.trim() === '') return
          create.mutate({
            body: {
              name: name.trim(),
              start_date: todayIn(shopZone()),
              holdout_share: Math.min(50, Math.max(0, Number(holdout) || 0)) / 100,
              trigger,
            },
          })
        }}
      >
        <Panel title={t('The message')}>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('Name')} error={tried && name.trim() === '' ? t('Give it a name.') : undefined}>
              <Input
                value={name}
                maxLength={200}
                onChange={(e) => setName(e.target.value)}
                placeholder={t('For example: Welcome')}
              />
            </Field>
            <Field
              label={t('Held out, in percent')}
              hint={t('Get nothing, so that the effect can be told from coincidence.')}
            >
              <Input type="number" min={0} max={50} value={holdout} onChange={(e) => setHoldout(e.target.value)} />
            </Field>
          </div>
        </Panel>
        <TriggerForm value={trigger} onChange={setTrigger} tried={tried} />
        <Note title={t('In one sentence')}>{sentenceOf(trigger, names)}</Note>
        <div className="flex flex-wrap justify-end gap-2">
          <LinkButton to="/campaigns">{t('Cancel')}</LinkButton>
          <Button look="primary" type="submit" busy={create.isPending}>
            {t('Make the draft')}
          </Button>
        </div>
      </form>
    </Page>
  )
}
