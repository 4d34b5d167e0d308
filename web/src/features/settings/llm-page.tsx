import { useState } from 'react'
import { useForm } from 'react-hook-form'
import type { ReplyOf } from '../../lib/api.ts'
import { showRefusal } from '../../lib/form.ts'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextButton } from '../../ui/button.tsx'
import { Field, Input } from '../../ui/field.tsx'
import { QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Progress } from '../../ui/progress.tsx'
import { toast } from '../../ui/toast.tsx'
import { microsWord } from '../planning/llm-words.ts'
import { LlmCalls } from './llm-calls.tsx'
import { SaveBar } from './save-bar.tsx'
import { SettingsFrame } from './settings-frame.tsx'

type Settings = ReplyOf<'GET /api/v1/settings/llm'>

/** Which language model may plan, what it may cost, and what it did. */
export default function LlmPage() {
  const query = useApi('GET /api/v1/settings/llm')
  const manager = useMay('manager')
  return (
    <SettingsFrame>
      <QueryFrame query={query} what={t('The language model')} skeleton={<Skeleton className="h-120" />}>
        {(data) => (
          <div className="space-y-5">
            <Note title={t('Optional: the rule-based planner needs no model')}>
              {t(
                'A language model gets sizes, averages and typed offers of the shop, never a customer. Its plan goes through the same checks as any other; what is not lawful is sent back to it, and then left out.',
              )}
            </Note>
            <Spent settings={data} />
            <LlmForm settings={data} />
            {manager && <LlmCalls />}
          </div>
        )}
      </QueryFrame>
    </SettingsFrame>
  )
}

/** The month's bill against its budget, as a ticket. */
function Spent({ settings: s }: { settings: Settings }) {
  const budget = s.monthly_budget_cents
  const cents = s.spent_micros / 10_000
  return (
    <Panel
      title={t('This month')}
      actions={s.ready ? <Pill tone="good">{t('Ready')}</Pill> : <Pill>{t('Not set up')}</Pill>}
    >
      <p className="flex items-baseline gap-3">
        <span className="ticket text-[32px]">{microsWord(s.spent_micros)}</span>
        <span className="text-ink-2">
          {budget === null
            ? t('{n, plural, one {# question} other {# questions}}, no limit', { n: s.calls_this_month })
            : t('of {budget}, {n, plural, one {# question} other {# questions}}', {
                budget: money(budget),
                n: s.calls_this_month,
              })}
        </span>
      </p>
      {budget !== null && (
        <div className="pt-3">
          <Progress
            label={t('Spent of the month’s budget')}
            done={Math.min(Math.round(cents), budget)}
            total={Math.max(1, budget)}
            tone={cents > budget * 0.8 ? 'warn' : 'primary'}
          />
        </div>
      )}
    </Panel>
  )
}

const shown = (s: Settings) => ({
  base_url: s.base_url ?? '',
  model: s.model,
  budget: s.monthly_budget_cents === null ? '' : String(s.monthly_budget_cents / 100),
  input_price: s.input_price,
  output_price: s.output_price,
  max_rounds: s.max_rounds,
  timeout_seconds: s.timeout_seconds,
})

function LlmForm({ settings: s }: { settings: Settings }) {
  const admin = useMay('admin')
  const [refusal, setRefusal] = useState<string | null>(null)
  // Beside the form: a secret is never a value that is shown again.
  const [key, setKey] = useState('')
  const form = useForm({ values: shown(s), resetOptions: { keepDirtyValues: true } })
  const save = useSend('PATCH /api/v1/settings/llm', {
    refresh: ['GET /api/v1/settings/llm'],
    onDone: (saved) => {
      form.reset(shown(saved))
      setKey('')
      toast(
        saved.ready
          ? t('Saved. Plans may now be made by {model}.', { model: saved.model })
          : t('Saved. Without a key or an address of your own, the rule-based planner plans.'),
      )
    },
    onError: (error) =>
      setRefusal(showRefusal(error, form.setError, ['base_url', 'model', 'max_rounds', 'timeout_seconds'])),
  })
  const { errors, isDirty, dirtyFields } = form.formState
  const dirty = isDirty || key !== ''
  const submit = form.handleSubmit((v) => {
    setRefusal(null)
    save.mutate({
      body: {
        ...(dirtyFields.base_url ? { base_url: v.base_url.trim() || null } : {}),
        ...(dirtyFields.model ? { model: v.model.trim() || null } : {}),
        // Left empty, the stored one stays.
        ...(key.trim() ? { api_key: key.trim() } : {}),
        monthly_budget_cents: v.budget.trim() === '' ? null : Math.round(Number(v.budget) * 100),
        input_price: v.input_price,
        output_price: v.output_price,
        max_rounds: v.max_rounds,
        timeout_seconds: v.timeout_seconds,
      },
    })
  })
  const whole = (least: number, most: number) => ({
    valueAsNumber: true as const,
    validate: (n: number) => (n >= least && n <= most) || t('Write a number from {least} to {most}.', { least, most }),
  })
  return (
    <form onSubmit={(e) => void submit(e)} noValidate className="space-y-5">
      <Panel title={t('Endpoint')} detail={t('Any server that speaks chat completions, also one of your own.')}>
        {s.from_environment.address && (
          <div className="mb-4">
            <Note tone="warn" title={t('The environment of the server decides')}>
              {t('OPENAI_API_KEY or OPENAI_BASE_URL is set there; address and key entered here have no effect.')}
            </Note>
          </div>
        )}
        <fieldset disabled={!admin} className="grid gap-4 sm:grid-cols-2">
          <Field
            label={t('Address')}
            hint={t('Empty: the provider’s own. Your own server: like http://localhost:11434/v1.')}
            error={errors.base_url?.message}
            className="sm:col-span-2"
          >
            <Input
              type="url"
              spellCheck={false}
              placeholder="https://"
              disabled={s.from_environment.address}
              {...form.register('base_url')}
            />
          </Field>
          <Field
            label={t('Model')}
            hint={s.from_environment.model ? t('OPENAI_MODEL of the server decides.') : undefined}
            error={errors.model?.message}
          >
            <Input
              spellCheck={false}
              autoCapitalize="none"
              disabled={s.from_environment.model}
              {...form.register('model')}
            />
          </Field>
          <Field
            label={t('Key')}
            hint={
              s.has_key
                ? t('One is stored. Empty: it stays. It goes when the address changes.')
                : t('Stored encrypted, never shown again.')
            }
          >
            <Input
              type="password"
              autoComplete="new-password"
              disabled={s.from_environment.address}
              value={key}
              onChange={(e) => setKey(e.target.value)}
            />
          </Field>
          {s.has_key && !s.from_environment.address && admin && (
            <p className="text-sm sm:col-span-2">
              <TextButton onClick={() => save.mutate({ body: { api_key: null } })}>{t('Remove the key')}</TextButton>
            </p>
          )}
        </fieldset>
      </Panel>
      <Panel
        title={t('Cost and patience')}
        detail={t('A question that could go over the budget is not asked; the rule-based planner plans instead.')}
      >
        <fieldset disabled={!admin} className="grid gap-4 sm:grid-cols-2">
          <Field label={t('Budget per month, in dollars')} hint={t('Empty: no limit. 0: never ask.')}>
            <Input
              inputMode="decimal"
              {...form.register('budget', {
                validate: (text) =>
                  text.trim() === '' || /^\d+(\.\d{1,2})?$/.test(text.trim()) || t('Write an amount, or nothing.'),
              })}
            />
          </Field>
          <Field
            label={t('Questions per plan')}
            hint={t('The first, and repairs of what the checks refused.')}
            error={errors.max_rounds?.message}
          >
            <Input type="number" min={1} max={5} {...form.register('max_rounds', whole(1, 5))} />
          </Field>
          <Field label={t('Price of a million tokens in, dollars')} error={errors.input_price?.message}>
            <Input type="number" min={0} step="0.01" {...form.register('input_price', whole(0, 10_000))} />
          </Field>
          <Field
            label={t('Price of a million tokens out, dollars')}
            hint={t('What your provider charges; 0 for a server of your own.')}
            error={errors.output_price?.message}
          >
            <Input type="number" min={0} step="0.01" {...form.register('output_price', whole(0, 10_000))} />
          </Field>
          <Field label={t('Longest answer, seconds')} error={errors.timeout_seconds?.message}>
            <Input type="number" min={5} max={600} {...form.register('timeout_seconds', whole(5, 600))} />
          </Field>
        </fieldset>
        <SaveBar
          dirty={dirty}
          busy={save.isPending}
          refusal={refusal}
          onReset={() => {
            form.reset()
            setKey('')
          }}
        />
      </Panel>
      {admin && s.ready && <TestPanel dirty={dirty} />}
    </form>
  )
}

function TestPanel({ dirty }: { dirty: boolean }) {
  const test = useSend('POST /api/v1/settings/llm/test', { refresh: ['GET /api/v1/settings/llm'] })
  const result = test.data
  return (
    <Panel
      title={t('Test')}
      detail={t('One small question to the saved model')}
      actions={
        <Button busy={test.isPending} disabled={dirty} onClick={() => test.mutate(undefined)}>
          {t('Ask')}
        </Button>
      }
    >
      {result ? (
        <Note tone={result.ok ? 'good' : 'risk'} title={result.ok ? (result.model ?? t('It works')) : t('No answer')}>
          {result.detail}
        </Note>
      ) : (
        <p className="text-ink-2">{dirty ? t('Save first.') : t('It is listed below with its cost.')}</p>
      )}
    </Panel>
  )
}
