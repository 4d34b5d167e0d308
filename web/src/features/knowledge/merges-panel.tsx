import { t } from '../../lib/i18n.ts'
import { useApi, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, TextLink } from '../../ui/button.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Time } from '../../ui/time.tsx'
import { toast } from '../../ui/toast.tsx'
import type { Customer } from './customer-words.ts'

/** Whom this customer was merged with, with the way back while there is one. Nothing when there was no merge. */
export function MergesPanel({ customer }: { customer: Customer }) {
  const may = useMay('manager')
  const { data } = useApi('GET /api/v1/customers/:id/merges', { params: { id: customer.id } })
  const undo = useSend('POST /api/v1/merges/:id/undo', {
    refresh: ['GET /api/v1/customers'],
    onDone: () => toast(t('Two customers again')),
  })
  if (!data || data.data.length === 0) return null
  return (
    <Panel title={t('Merged with')} flush>
      <ul>
        {data.data.map((m) => (
          <li key={m.id} className="flex items-center gap-3 border-t border-line px-4 py-2">
            <span className="min-w-0 flex-1">
              <TextLink to="/customers/$id" params={{ id: m.merged_id }}>
                {m.name ?? t('Unnamed customer')}
              </TextLink>
              <span className="block text-sm text-ink-2">
                <Time at={m.created_at} look="date" />
                {m.created_by && `, ${m.created_by}`}
                {m.undone_at && `, ${t('taken back')}`}
                {m.can_undo &&
                  ` · ${t('{orders, plural, one {one order} other {# orders}} came over', { orders: m.moved.orders })}`}
              </span>
            </span>
            {may && m.can_undo && (
              <Button
                size="sm"
                busy={undo.isPending && undo.variables?.params.id === m.id}
                onClick={() => undo.mutate({ params: { id: m.id } })}
              >
                {t('Take it back')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
