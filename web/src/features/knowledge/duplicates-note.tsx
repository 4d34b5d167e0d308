import { lazy, Suspense, useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useApi } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { TextButton } from '../../ui/button.tsx'
import { Note } from '../../ui/panel.tsx'
import type { Customer } from './customer-words.ts'

const MergeDialog = lazy(() => import('./merge-dialog.tsx'))
/** Below this it is a namesake rather than a duplicate; the merge dialog shows it even so. */
const telling = 0.4

/** Says when the same person seems to be there twice. */
export function DuplicatesNote({ customer }: { customer: Customer }) {
  const may = useMay('manager')
  const { data } = useApi(
    'GET /api/v1/customers/:id/duplicates',
    { params: { id: customer.id } },
    { enabled: may, staleMs: 60_000 },
  )
  const [open, setOpen] = useState(false)
  const likely = data?.data.filter((d) => d.likelihood >= telling) ?? []
  if (likely.length === 0) return null
  return (
    <>
      <Note tone="warn">
        {t(
          '{n, plural, one {Another customer seems} other {# other customers seem}} to be the same person: {reason}.',
          {
            n: likely.length,
            reason: inSentence(likely[0]!.reasons[0]!),
          },
        )}{' '}
        <TextButton onClick={() => setOpen(true)}>{t('Compare')}</TextButton>
      </Note>
      {open && (
        <Suspense>
          <MergeDialog customer={customer} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  )
}

const inSentence = (words: string): string => words.charAt(0).toLowerCase() + words.slice(1)
