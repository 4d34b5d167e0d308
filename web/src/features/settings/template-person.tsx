import { UserRound } from 'lucide-react'
import { useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { Button, TextButton } from '../../ui/button.tsx'
import { SearchBox } from '../../ui/field.tsx'

export interface Person {
  id: string
  name: string
}

/** Whose message is shown: the sample customer, or any of the shop's. */
export function PreviewPerson({
  person,
  onChange,
}: {
  person: Person | null
  onChange: (person: Person | null) => void
}) {
  const [choosing, setChoosing] = useState(false)
  const [q, setQ] = useState('')
  const query = useApi(
    'GET /api/v1/customers',
    { query: { q: q || undefined, page_size: 6, sort: '-clv_score' } },
    { enabled: choosing },
  )
  const choose = (next: Person | null): void => {
    onChange(next)
    setChoosing(false)
    setQ('')
  }
  return (
    <div className="rounded-md bg-sunken/60 px-3 py-2">
      <p className="flex flex-wrap items-center gap-x-2">
        <UserRound className="size-4 text-ink-2" aria-hidden />
        <span className="min-w-0 flex-1">{person ? person.name : t('A sample customer')}</span>
        {person && <TextButton onClick={() => choose(null)}>{t('Sample')}</TextButton>}
        <TextButton aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>
          {choosing ? t('Close') : t('Another customer')}
        </TextButton>
      </p>
      {choosing && (
        <div className="mt-2 space-y-1">
          <SearchBox label={t('Find a customer')} value={q} onChange={setQ} />
          <ul
            aria-label={t('Customers found')}
            aria-busy={query.isFetching || undefined}
            className="flex flex-wrap gap-1"
          >
            {(query.data?.data ?? []).map((c) => {
              const name = c.name ?? c.email ?? c.phone ?? t('Customer')
              return (
                <li key={c.id}>
                  <Button size="sm" onClick={() => choose({ id: c.id, name })}>
                    {name}
                  </Button>
                </li>
              )
            })}
          </ul>
          {query.data?.data.length === 0 && <p className="text-sm text-ink-2">{t('Nobody by that name.')}</p>}
        </div>
      )}
    </div>
  )
}
