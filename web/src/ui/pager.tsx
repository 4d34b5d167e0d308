import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useState } from 'react'
import { count } from '../lib/format.ts'
import { t } from '../lib/i18n.ts'
import { IconButton } from './button.tsx'
import { Select } from './field.tsx'

const sizes = [25, 50, 100]

/** "26 to 50 of about 12,400", page size, page before and next. Next follows the server's cursor where the total is a guess. */
export function Pager({
  url,
  setUrl,
  page,
  rows,
}: {
  url: { page: number; size: number }
  setUrl: (change: { page?: number; size?: number }) => void
  page: { total: number; total_is_exact?: boolean; next_cursor?: string | null }
  rows: number
}) {
  const from = (url.page - 1) * url.size + 1
  const to = from + rows - 1
  const exact = page.total_is_exact !== false
  const more = exact ? to < page.total : page.next_cursor !== null && page.next_cursor !== undefined
  const options = (sizes.includes(url.size) ? sizes : [url.size, ...sizes]).map((n) => ({
    value: String(n),
    label: t('{n} rows', { n }),
  }))
  return (
    <div className="flex min-h-12 flex-wrap items-center gap-2 border-t border-line px-4 py-1.5 text-sm text-ink-2">
      <span aria-live="polite">
        {t(exact ? '{from} to {to} of {total}' : '{from} to {to} of about {total}', {
          from: count(from),
          to: count(to),
          total: count(page.total),
        })}
      </span>
      <span className="ml-auto flex flex-wrap items-center justify-end gap-1">
        <Select
          label={t('Rows per page')}
          className="mr-1 w-26 [&_.control]:h-8"
          value={String(url.size)}
          onChange={(e) => setUrl({ size: Number(e.target.value), page: 1 })}
          options={options}
        />
        <PageJump
          page={url.page}
          pages={exact ? Math.max(1, Math.ceil(page.total / url.size)) : null}
          setUrl={setUrl}
        />
        <IconButton
          icon={ChevronLeft}
          label={t('Page before')}
          disabled={url.page <= 1}
          onClick={() => setUrl({ page: url.page - 1 })}
        />
        <IconButton
          icon={ChevronRight}
          label={t('Next page')}
          disabled={!more}
          onClick={() => setUrl({ page: url.page + 1 })}
        />
      </span>
    </div>
  )
}

/** The page by its number, as far as pages can be counted; taken when the field is left or Enter is pressed. */
function PageJump({
  page,
  pages,
  setUrl,
}: {
  page: number
  pages: number | null
  setUrl: (change: { page?: number }) => void
}) {
  const [draft, setDraft] = useState<string | null>(null)
  if (pages === 1) return null
  const go = (): void => {
    const wanted = Math.round(Number(draft))
    setDraft(null)
    if (!draft || !(wanted >= 1)) return
    const next = Math.min(wanted, pages ?? 400)
    if (next !== page) setUrl({ page: next })
  }
  return (
    <span className="flex items-center gap-1.5 pr-1">
      <label className="flex items-center gap-1.5">
        {t('Page')}
        <input
          className="control h-8! w-14! px-2! text-center"
          inputMode="numeric"
          value={draft ?? String(page)}
          onFocus={(e) => e.currentTarget.select()}
          onChange={(e) => setDraft(e.target.value.replace(/\D/g, ''))}
          onBlur={go}
          onKeyDown={(e) => e.key === 'Enter' && go()}
        />
      </label>
      {pages !== null && t('of {pages}', { pages: count(pages) })}
    </span>
  )
}
