import { cx } from '../../lib/cx.ts'
import { t } from '../../lib/i18n.ts'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { Note } from '../../ui/panel.tsx'
import { Pill } from '../../ui/pill.tsx'
import { Time } from '../../ui/time.tsx'
import type { Preview } from './import-words.ts'

interface Props {
  preview: Preview
  mapping: Record<string, string>
  onMapping: (mapping: Record<string, string>) => void
  onBack: () => void
  onNext: () => void
  busy: boolean
}

/** Column by column: which field it is, with samples. A column without a field is said to be ignored. */
export function MatchStep({ preview, mapping, onMapping, onBack, onNext, busy }: Props) {
  const fieldOf = new Map(Object.entries(mapping).map(([field, header]) => [header, field]))
  const choose = (header: string, field: string): void => {
    const next = Object.fromEntries(Object.entries(mapping).filter(([f, h]) => h !== header && f !== field))
    if (field !== '') next[field] = header
    onMapping(next)
  }
  const ignored = preview.headers.filter((h) => !fieldOf.has(h))
  const untouched = sameMapping(mapping, preview.mapping)
  const { remembered } = preview
  const isAsBefore = (field: string, header: string): boolean =>
    field !== '' && preview.mapping[field] === header && (remembered?.fields.includes(field) ?? false)
  return (
    <div className="space-y-5">
      <p className="text-ink-2">
        {t(
          '{columns, plural, one {# column} other {# columns}} found ({format}, {encoding}). {matched, plural, one {# is matched} other {# are matched}}, the rest is ignored.',
          {
            columns: preview.headers.length,
            format: [preview.format.toUpperCase(), preview.delimiter ? delimiterWord(preview.delimiter) : null]
              .filter(Boolean)
              .join(', '),
            encoding: preview.encoding,
            matched: fieldOf.size,
          },
        )}
      </p>
      {remembered && <AsLastTime remembered={remembered} />}
      {preview.skipped_lines.length > 0 && (
        <p className="text-sm text-ink-2">
          {t('{count, plural, one {One line} other {# lines}} above the headings left out: {lines}', {
            count: preview.skipped_lines.length,
            lines: preview.skipped_lines.join(' · '),
          })}
        </p>
      )}
      {untouched && preview.mapping_faults.map((f) => <Note key={f.field + f.message} tone="risk" title={f.message} />)}
      <ul className="divide-y divide-line rounded-lg border border-line bg-surface">
        {preview.headers.map((header, i) => {
          const field = fieldOf.get(header) ?? ''
          const certainty = field !== '' && preview.mapping[field] === header ? (preview.certainty[field] ?? 1) : 1
          const values = preview.samples
            .map((row) => row[i] ?? '')
            .filter((v) => v !== '')
            .slice(0, 3)
          return (
            <li key={header} className="grid items-center gap-x-4 gap-y-2 px-4 py-3 sm:grid-cols-[minmax(0,1fr)_240px]">
              <div className="min-w-0">
                <p className="flex flex-wrap items-center gap-2 font-medium [overflow-wrap:anywhere]">
                  {header}
                  {field === '' && <Pill>{t('Ignored')}</Pill>}
                  {isAsBefore(field, header) ? (
                    <Pill tone="good">{t('As last time')}</Pill>
                  ) : (
                    field !== '' && certainty < 1 && <Pill tone="warn">{t('Guessed: please look')}</Pill>
                  )}
                </p>
                <p className="truncate text-sm text-ink-2">
                  {values.length > 0 ? values.join(' · ') : t('empty in the first rows')}
                </p>
              </div>
              <Select
                label={t('Field for {header}', { header })}
                value={field}
                onChange={(e) => choose(header, e.target.value)}
                className={cx('w-full', field === '' && '[&_select]:text-ink-2')}
                options={[
                  { value: '', label: t('Ignore this column') },
                  ...preview.fields.map((f) => ({ value: f.field, label: f.label })),
                ]}
              />
            </li>
          )
        })}
      </ul>
      {ignored.length > 0 && (
        <p className="text-sm text-ink-2">
          {t('Ignored: {columns}.', {
            columns: ignored.join(', '),
          })}
        </p>
      )}
      {untouched && preview.errors.length > 0 && (
        <Note
          tone="warn"
          title={t('In the first {rows, plural, one {row} other {# rows}} some would be refused', {
            rows: preview.rows_checked,
          })}
        >
          <ul className="list-disc pl-4">
            {preview.errors.slice(0, 5).map((e) => (
              <li key={`${e.line}${e.column}`}>
                {t('Line {line}, {column}: {reason}', { line: e.line, column: e.column, reason: e.reason })}
                {e.value && <span> (“{e.value}”)</span>}
              </li>
            ))}
          </ul>
        </Note>
      )}
      <div className="flex flex-wrap justify-between gap-2">
        <Button onClick={onBack}>{t('Another file')}</Button>
        <Button look="primary" busy={busy} disabled={fieldOf.size === 0} onClick={onNext}>
          {t('Check the file')}
        </Button>
      </div>
    </div>
  )
}

/** Whose choice of columns this is. */
export function AsLastTime({ remembered }: { remembered: NonNullable<Preview['remembered']> }) {
  const { source, by, at, is_complete } = remembered
  return (
    <p className="text-sm text-ink-2">
      {is_complete
        ? t('The columns are matched as last time, in {source}', { source })
        : t('{n, plural, one {One column is} other {# columns are}} matched as in the last import, {source}', {
            n: remembered.fields.length,
            source,
          })}
      {by !== null && t(' by {name}', { name: by })} (<Time at={at} look="ago" />
      ).
    </p>
  )
}

export function sameMapping(a: Record<string, string> | null, b: Record<string, string> | undefined): boolean {
  if (!a || !b) return a === null && b === undefined
  return (
    Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([field, header]) => b[field] === header)
  )
}

function delimiterWord(delimiter: string): string {
  return { ',': t('commas'), ';': t('semicolons'), '\t': t('tabs'), '|': t('bars') }[delimiter] ?? delimiter
}
