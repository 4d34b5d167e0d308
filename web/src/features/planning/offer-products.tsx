import { X } from 'lucide-react'
import { useState } from 'react'
import { money } from '../../lib/format.ts'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Button } from '../../ui/button.tsx'
import { SearchBox } from '../../ui/field.tsx'

/** Products an offer names; none means its whole shelf. */
export function OfferProducts({ chosen, onChange }: { chosen: readonly string[]; onChange: (ids: string[]) => void }) {
  const [q, setQ] = useState('')
  const known = useApi(
    'GET /api/v1/products',
    { query: { ids: [...chosen], page_size: 200 } },
    { enabled: chosen.length > 0, staleMs: 60_000 },
  )
  const found = useApi('GET /api/v1/products', { query: { q, page_size: 6 } }, { enabled: q.trim().length > 1 })
  const names = new Map((known.data?.data ?? []).map((p) => [p.id, p.name]))
  const results = q.trim().length > 1 ? (found.data?.data ?? []).filter((p) => !chosen.includes(p.id)) : []
  return (
    <fieldset className="col-span-2">
      <legend className="mb-1 font-medium">{t('Only these products')}</legend>
      {chosen.length > 0 && (
        <ul className="mb-2 flex flex-wrap gap-1">
          {chosen.map((id) => (
            <li key={id}>
              <Button
                size="sm"
                onClick={() => onChange(chosen.filter((c) => c !== id))}
                aria-label={t('Leave out {name}', { name: names.get(id) ?? id })}
              >
                <span className="max-w-52 truncate">{names.get(id) ?? t('Loading')}</span>
                <X aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <SearchBox value={q} onChange={setQ} label={t('Search products')} className="w-full" />
      {results.length > 0 && (
        <ul className="mt-1 divide-y divide-line rounded-md border border-line">
          {results.map((p) => (
            <li key={p.id}>
              <button
                type="button"
                className="flex w-full items-baseline gap-3 px-3 py-1.5 text-left hover:bg-sunken"
                onClick={() => {
                  onChange([...chosen, p.id])
                  setQ('')
                }}
              >
                <span className="min-w-0 flex-1 truncate">{p.name}</span>
                <span className="text-sm text-ink-2">{money(p.price_cents)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <p className="mt-1 text-sm text-ink-2">
        {chosen.length === 0
          ? t('None chosen: everything on its shelf.')
          : t('{n, plural, one {# product} other {# products}}', { n: chosen.length })}
      </p>
    </fieldset>
  )
}
