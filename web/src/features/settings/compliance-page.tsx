import { useState } from 'react'
import type { ReplyOf } from '../../lib/api.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { SearchBox, Select } from '../../ui/field.tsx'
import { Empty, QueryFrame, Skeleton } from '../../ui/page.tsx'
import { Note } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { SettingsFrame } from './settings-frame.tsx'

type Rule = ReplyOf<'GET /api/v1/settings/compliance'>['policy']['rules'][number]

const effects: Record<Rule['effect'], { word: string; tone: 'risk' | 'warn' | 'info' | 'neutral' }> = {
  block: { word: 'Stops it', tone: 'risk' },
  defer: { word: 'Holds it back', tone: 'warn' },
  warn: { word: 'Warns', tone: 'warn' },
  info: { word: 'Told only', tone: 'neutral' },
}

/** The rules in force, as the gate reads them: what each says, where it comes from, how sure we are. */
export default function CompliancePage() {
  const query = useApi('GET /api/v1/settings/compliance')
  const stores = useApi('GET /api/v1/stores')
  const mine = [...new Set((stores.data?.data ?? []).map((s) => `US-${s.state}`))]
  const [place, setPlace] = useState('mine')
  const [effect, setEffect] = useState('')
  const [q, setQ] = useState('')
  return (
    <SettingsFrame>
      <Note title={t('A careful draft, not legal advice')}>
        {t(
          'Every plan and every single message passes these rules, whoever made the plan. Each carries its source and the day it was read. Show them to your lawyer before you rely on them.',
        )}
      </Note>
      <QueryFrame query={query} what={t('The rules')} skeleton={<Skeleton className="h-120" />}>
        {({ policy, version, overrides }) => {
          const states = [...new Set(policy.rules.map((r) => r.jurisdiction))].toSorted()
          const off = new Set(overrides.map((o) => o.rule_id))
          const found = policy.rules.filter(
            (r) =>
              (place === '' ||
                (place === 'mine'
                  ? r.jurisdiction === 'US' || mine.includes(r.jurisdiction)
                  : r.jurisdiction === place)) &&
              (effect === '' || r.effect === effect) &&
              (q === '' || `${r.id} ${r.summary} ${r.note ?? ''}`.toLowerCase().includes(q.toLowerCase())),
          )
          return (
            <div className="space-y-3">
              <div className="flex flex-wrap gap-2">
                <SearchBox value={q} onChange={setQ} label={t('Search the rules')} className="min-w-48 flex-1" />
                <Select
                  label={t('Place')}
                  className="w-44"
                  value={place}
                  onChange={(e) => setPlace(e.target.value)}
                  options={[
                    { value: 'mine', label: t('My stores') },
                    { value: '', label: t('Everywhere') },
                    ...states.map((s) => ({ value: s, label: placeWord(s) })),
                  ]}
                />
                <Select
                  label={t('Effect')}
                  className="w-40"
                  value={effect}
                  onChange={(e) => setEffect(e.target.value)}
                  options={[
                    { value: '', label: t('Any effect') },
                    ...Object.entries(effects).map(([value, { word }]) => ({ value, label: t(word) })),
                  ]}
                />
              </div>
              <p className="text-sm text-ink-2" role="status">
                {t('{count} of {total} rules, policy {version}', {
                  count: found.length,
                  total: policy.rules.length,
                  version,
                })}
              </p>
              <div className="rounded-lg border border-line bg-surface">
                {found.length === 0 ? (
                  <Empty kind="none" title={t('No rule matches')} />
                ) : (
                  <ul className="divide-y divide-line">
                    {found.map((rule) => (
                      <RuleRow key={rule.id} rule={rule} isOff={off.has(rule.id)} />
                    ))}
                  </ul>
                )}
              </div>
            </div>
          )
        }}
      </QueryFrame>
    </SettingsFrame>
  )
}

function RuleRow({ rule, isOff }: { rule: Rule; isOff: boolean }) {
  const effect = effects[rule.effect]
  return (
    <li className="px-4 py-3">
      <div className="flex flex-wrap items-center gap-2">
        <span className="font-medium">{placeWord(rule.jurisdiction)}</span>
        <Pill tone={effect.tone}>{t(effect.word)}</Pill>
        {isOff && <Pill tone="info">{t('Changed by your shop')}</Pill>}
        {rule.products.length < 4 && (
          <span className="text-sm text-ink-2">{rule.products.map((p) => t(p)).join(', ')}</span>
        )}
      </div>
      <p className="pt-1">{rule.summary}</p>
      {rule.note && <p className="pt-0.5 text-sm text-ink-2">{rule.note}</p>}
      <p className="wrap-anywhere pt-1 text-sm text-ink-2">
        {/^https?:/.test(rule.source) ? (
          <a href={rule.source} target="_blank" rel="noreferrer" className="underline">
            {rule.source}
          </a>
        ) : (
          rule.source
        )}
        {'. '}
        {t('Read {day}; {confidence} confidence; {id}', {
          day: rule.as_of,
          confidence: t(rule.confidence),
          id: rule.id,
        })}
      </p>
    </li>
  )
}

/** "US-IL" -> "IL". */
function placeWord(jurisdiction: string): string {
  if (jurisdiction === 'US') return t('All of the US')
  return jurisdiction.slice(3)
}
