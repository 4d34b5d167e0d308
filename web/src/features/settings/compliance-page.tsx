import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { choice, text, useUrl } from '../../lib/url.ts'
import { Button, LinkButton, TextButton } from '../../ui/button.tsx'
import { SearchBox, Select } from '../../ui/field.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note, Panel } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { effects, effectWord, patchCompliance, placeWord, type Compliance, type Rule } from './compliance-words.ts'
import { RuleSwitch } from './rule-switch.tsx'
import { SettingsFrame } from './settings-frame.tsx'

const url0 = {
  q: text(),
  place: text('mine'),
  effect: choice(['', 'block', 'defer', 'warn', 'info', 'off', 'own'], ''),
}

/** The rules in force: what each says and does, where it comes from, how sure we are, and what the shop changed. */
export default function CompliancePage() {
  const query = useApi('GET /api/v1/settings/compliance')
  return (
    <SettingsFrame>
      <Note title={t('A careful draft, not legal advice')}>
        {t(
          'Every plan and every single message passes these rules, whoever made the plan. Each carries its source and the day it was read. Show them to your lawyer before you rely on them.',
        )}
      </Note>
      <QueryFrame query={query} what={t('The rules')} skeleton={<Skeleton className="h-120" />}>
        {(data) => <Rules compliance={data} />}
      </QueryFrame>
    </SettingsFrame>
  )
}

function Rules({ compliance }: { compliance: Compliance }) {
  const stores = useApi('GET /api/v1/stores')
  const mine = [...new Set((stores.data?.data ?? []).map((s) => `US-${s.state}`))]
  const [url, setUrl] = useUrl(url0)
  const [switching, setSwitching] = useState<Rule | null>(null)
  const { rules, version, overrides } = compliance
  const states = [...new Set(rules.map((r) => r.jurisdiction))].toSorted()
  const found = rules.filter(
    (r) =>
      (url.place === '' ||
        (url.place === 'mine'
          ? r.jurisdiction === 'US' || mine.includes(r.jurisdiction)
          : r.jurisdiction === url.place)) &&
      (url.effect === '' || (url.effect === 'own' ? r.override !== null : r.in_force === url.effect)) &&
      (url.q === '' || `${r.id} ${r.summary} ${r.note ?? ''}`.toLowerCase().includes(url.q.toLowerCase())),
  )
  return (
    <div className="space-y-5">
      <UnknownPanel compliance={compliance} />
      <div className="space-y-3">
        <div className="flex flex-wrap gap-2">
          <SearchBox
            value={url.q}
            onChange={(q) => setUrl({ q })}
            label={t('Search the rules')}
            className="min-w-48 flex-1"
          />
          <Select
            label={t('Place')}
            className="w-40 max-sm:w-[calc(50%-4px)]"
            value={url.place}
            onChange={(e) => setUrl({ place: e.target.value })}
            options={[
              { value: 'mine', label: t('My stores') },
              { value: '', label: t('Everywhere') },
              ...states.map((s) => ({ value: s, label: placeWord(s) })),
            ]}
          />
          <Select
            label={t('Effect')}
            className="w-40 max-sm:w-[calc(50%-4px)]"
            value={url.effect}
            onChange={(e) => setUrl({ effect: e.target.value as (typeof url)['effect'] })}
            options={[
              { value: '', label: t('Any effect') },
              ...(['block', 'defer', 'warn', 'info', 'off'] as const).map((value) => ({
                value,
                label: effectWord(value),
              })),
              { value: 'own', label: t('Changed by us') },
            ]}
          />
          <LinkButton to="/settings/compliance/try">
            <FlaskConical aria-hidden />
            {t('Try it')}
          </LinkButton>
        </div>
        <p className="text-sm text-ink-2" role="status">
          {t('{count} of {total} rules, policy {version}', { count: found.length, total: rules.length, version })}
          {overrides.length > 0 && (
            <>
              {'. '}
              {t('{n, plural, one {# rule is} other {# rules are}} changed by your shop', { n: overrides.length })}
            </>
          )}
        </p>
        <div className="rounded-lg border border-line bg-surface">
          {found.length === 0 ? (
            <Empty
              kind="none"
              title={t('No rule matches')}
              action={<Button onClick={() => setUrl({ q: '', place: '', effect: '' })}>{t('Show all')}</Button>}
            />
          ) : (
            <ul className="divide-y divide-line">
              {found.map((rule) => (
                <RuleRow key={rule.id} rule={rule} compliance={compliance} onSwitch={() => setSwitching(rule)} />
              ))}
            </ul>
          )}
        </div>
      </div>
      {switching && <RuleSwitch rule={switching} seen={compliance} onClose={() => setSwitching(null)} />}
    </div>
  )
}

/** What happens where cost, price or state are not known. */
function UnknownPanel({ compliance }: { compliance: Compliance }) {
  const admin = useMay('admin')
  const set = async (unknown_effect: Compliance['unknown_effect']): Promise<void> => {
    try {
      const saved = await patchCompliance(compliance, { unknown_effect })
      toast(
        unknown_effect === 'hold'
          ? t('Held until it is known: offers without cost or state law no longer go out')
          : t('What is not known is a warning again'),
        {
          undo: () => void patchCompliance(saved, { unknown_effect: compliance.unknown_effect }).catch(toastError),
        },
      )
    } catch (error) {
      toastError(error)
    }
  }
  return (
    <Panel
      title={t('When something is not known')}
      detail={t('A cost the law asks for, or a state we have no rules for. It never passes in silence.')}
    >
      <Select
        label={t('When something is not known')}
        className="w-full max-w-96"
        disabled={!admin}
        value={compliance.unknown_effect}
        onChange={(e) => void set(e.target.value as Compliance['unknown_effect'])}
        options={[
          { value: 'warn', label: t('Warn, and let people decide') },
          { value: 'hold', label: t('Hold the offer until it is known') },
        ]}
      />
    </Panel>
  )
}

function RuleRow({ rule, compliance, onSwitch }: { rule: Rule; compliance: Compliance; onSwitch: () => void }) {
  const admin = useMay('admin')
  const effect = effects[rule.in_force]
  return (
    <li className="px-4 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <span className="font-medium">{placeWord(rule.jurisdiction)}</span>
        <Pill tone={effect.tone}>{t(effect.word)}</Pill>
        {rule.override && <Pill tone="info">{t('Changed by your shop')}</Pill>}
        {rule.products.length < 3 && (
          <span className="text-sm text-ink-2">{rule.products.map((p) => t(p)).join(', ')}</span>
        )}
        {admin && !rule.locked && (
          <Button
            size="sm"
            look="quiet"
            className="ml-auto"
            onClick={onSwitch}
            aria-label={t('Change {id}', { id: rule.id })}
          >
            {t('Change')}
          </Button>
        )}
      </div>
      <p className="pt-1">{rule.summary}</p>
      {rule.note && <p className="pt-0.5 text-sm text-ink-2">{rule.note}</p>}
      {rule.override && <Override rule={rule} override={rule.override} compliance={compliance} />}
      <p className="wrap-anywhere pt-1 text-sm text-ink-2">
        {rule.source}
        {'. '}
        {t('Read {day}; {confidence} confidence; {id}', {
          day: rule.as_of,
          confidence: t(rule.confidence),
          id: rule.id,
        })}
        {rule.locked && admin && ` · ${rule.locked}`}
      </p>
    </li>
  )
}

/** What the shop made of the rule, who and why, and the way back. */
function Override({
  rule,
  override,
  compliance,
}: {
  rule: Rule
  override: NonNullable<Rule['override']>
  compliance: Compliance
}) {
  const admin = useMay('admin')
  const [busy, setBusy] = useState(false)
  const takeBack = async (): Promise<void> => {
    setBusy(true)
    try {
      const saved = await patchCompliance(compliance, {
        overrides: compliance.overrides.filter((o) => o.rule_id !== rule.id),
      })
      toast(t('{place}: back to the rule as it came', { place: placeWord(rule.jurisdiction) }), {
        undo: () => void patchCompliance(saved, { overrides: compliance.overrides }).catch(toastError),
      })
    } catch (error) {
      toastError(error)
    }
    setBusy(false)
  }
  return (
    <div className="my-1 border-l-3 border-info pl-3 text-sm">
      <p>
        {t('It came as “{shipped}”. Changed because: {reason}', {
          shipped: effectWord(rule.effect),
          reason: override.reason,
        })}
      </p>
      <p className="text-ink-2">
        {override.changed_by ?? t('An admin')}
        {override.changed_at && (
          <>
            {', '}
            <Time at={override.changed_at} look="ago" />
          </>
        )}
        {admin && (
          <>
            {' · '}
            <TextButton disabled={busy} onClick={() => void takeBack()}>
              {t('Take it back')}
            </TextButton>
          </>
        )}
      </p>
    </div>
  )
}
