import { useState } from 'react'
import { useForm } from 'react-hook-form'
import { ApiError } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { ChoiceCard } from '../../ui/choice-card.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Field, Textarea } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { effectWord, patchCompliance, placeWord, type Compliance, type Rule } from './compliance-words.ts'

type Effect = 'block' | 'warn' | 'off'
const meanings: Record<Effect, string> = {
  block: 'Nothing that breaks it is planned or sent.',
  warn: 'It is shown with every plan, and people decide.',
  off: 'It is not looked at.',
}

/** Switches one rule for this shop, with a reason for the audit trail; can be taken back at once. */
export function RuleSwitch({ rule, seen, onClose }: { rule: Rule; seen: Compliance; onClose: () => void }) {
  const [refusal, setRefusal] = useState<string | null>(null)
  const [effect, setEffect] = useState<Effect>(
    rule.in_force === 'block' || rule.in_force === 'warn' || rule.in_force === 'off' ? rule.in_force : 'warn',
  )
  const { register, handleSubmit, formState } = useForm({ defaultValues: { reason: rule.override?.reason ?? '' } })
  const isShipped = effect === rule.effect
  const save = handleSubmit(async ({ reason }) => {
    setRefusal(null)
    const others = seen.overrides.filter((o) => o.rule_id !== rule.id)
    try {
      const saved = await patchCompliance(seen, {
        overrides: isShipped ? others : [...others, { rule_id: rule.id, effect, reason: reason.trim() }],
      })
      onClose()
      toast(
        isShipped
          ? t('{place}: back to the rule as it came', { place: placeWord(rule.jurisdiction) })
          : t('{place}: {effect}', { place: placeWord(rule.jurisdiction), effect: effectWord(effect) }),
        { undo: () => void patchCompliance(saved, { overrides: seen.overrides }).catch(toastError) },
      )
    } catch (error) {
      setRefusal(error instanceof ApiError ? error.message : t('Something broke on this page. Load it again.'))
    }
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('What should this rule do?')}
      description={rule.summary}
      footer={
        <>
          <Button onClick={onClose}>{t('Cancel')}</Button>
          <Button
            look="primary"
            type="submit"
            form="rule-switch"
            busy={formState.isSubmitting}
            disabled={effect === rule.in_force}
          >
            {t('Save')}
          </Button>
        </>
      }
    >
      <form id="rule-switch" onSubmit={(e) => void save(e)} noValidate className="space-y-4">
        {refusal && <Note tone="risk" title={refusal} />}
        <fieldset className="space-y-2">
          <legend className="sr-only">{t('Effect')}</legend>
          {(['block', 'warn', 'off'] as const).map((value) => (
            <ChoiceCard
              key={value}
              name="effect"
              value={value}
              chosen={effect}
              onChoose={setEffect}
              label={
                value === rule.effect ? t('{effect}, as it came', { effect: effectWord(value) }) : effectWord(value)
              }
            >
              {t(meanings[value])}
            </ChoiceCard>
          ))}
        </fieldset>
        {!isShipped && (
          <Field
            label={t('Why?')}
            hint={t('A sentence for the audit trail, like who advised it and when.')}
            error={formState.errors.reason?.message}
            required
          >
            <Textarea
              {...register('reason', {
                validate: (text) => text.trim().length >= 10 || t('Say in a sentence why, for the audit trail.'),
              })}
            />
          </Field>
        )}
      </form>
    </Dialog>
  )
}
