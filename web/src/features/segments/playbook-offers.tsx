import { ArrowDown, ArrowUp, X } from 'lucide-react'
import { t } from '../../lib/i18n.ts'
import { IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { kindNames, offerWord } from './playbook-words.ts'

/** Offers in their order, best first; kinds and offers of the shop may stand side by side. */
export function PlaybookOffers({
  names,
  titles,
  error,
  onChange,
  readOnly,
}: {
  names: readonly string[]
  /** key -> title of the shop's offers */
  titles: ReadonlyMap<string, string>
  error: string | undefined
  onChange: (names: string[]) => void
  readOnly: boolean
}) {
  const move = (at: number, to: number): void => {
    const next = names.filter((_, i) => i !== at)
    next.splice(to, 0, names[at]!)
    onChange(next)
  }
  const left = [...kindNames, ...titles.keys()].filter((name) => !names.includes(name))
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1 font-medium">{t('Offers, best first')}</legend>
      {names.length === 0 ? (
        <p className="text-ink-2">{t('None: the planner chooses by value alone.')}</p>
      ) : (
        <ol className="divide-y divide-line rounded-md border border-line">
          {names.map((name, i) => {
            const word = offerWord(name, titles)
            return (
              <li key={name} className="flex min-h-10 items-center gap-2 pl-3 pr-1">
                <span className="w-4 text-ink-2">{i + 1}</span>
                <span className="min-w-0 flex-1">{word}</span>
                {!readOnly && (
                  <>
                    <IconButton
                      icon={ArrowUp}
                      label={t('{name}: up', { name: word })}
                      disabled={i === 0}
                      onClick={() => move(i, i - 1)}
                    />
                    <IconButton
                      icon={ArrowDown}
                      label={t('{name}: down', { name: word })}
                      disabled={i === names.length - 1}
                      onClick={() => move(i, i + 1)}
                    />
                    <IconButton
                      icon={X}
                      label={t('Take {name} away', { name: word })}
                      onClick={() => onChange(names.filter((other) => other !== name))}
                    />
                  </>
                )}
              </li>
            )
          })}
        </ol>
      )}
      {!readOnly && left.length > 0 && (
        <Select
          label={t('Add an offer')}
          className="mt-2 w-full"
          value=""
          onChange={(e) => e.target.value !== '' && onChange([...names, e.target.value])}
          options={[
            { value: '', label: t('Add an offer') },
            ...left.map((name) => ({
              value: name,
              label: titles.has(name)
                ? t('{title} (your offer)', { title: offerWord(name, titles) })
                : offerWord(name, titles),
            })),
          ]}
        />
      )}
      {error && <p className="mt-1 text-sm text-risk">{error}</p>}
    </fieldset>
  )
}
