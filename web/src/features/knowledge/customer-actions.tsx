import { useNavigate } from '@tanstack/react-router'
import { Ban, Combine, EllipsisVertical, Eraser, FileDown, Pencil, Trash2 } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { api, call, download } from '../../lib/api.ts'
import { useHotkeys } from '../../lib/hotkeys.ts'
import { t } from '../../lib/i18n.ts'
import { refresh, useSend } from '../../lib/query.ts'
import { useMay } from '../../lib/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Menu } from '../../ui/menu.tsx'
import { toast, toastError } from '../../ui/toast.tsx'
import { customerName, type Customer } from './customer-words.ts'
import { EditCustomer } from './edit-customer.tsx'

const MergeDialog = lazy(() => import('./merge-dialog.tsx'))
const EraseDialog = lazy(() => import('./erase-dialog.tsx'))
const SuppressDialog = lazy(() => import('./suppress-dialog.tsx'))

/** What can be done with one customer; nothing with one who is merged or erased. */
export function CustomerActions({ customer }: { customer: Customer }) {
  const may = useMay('manager')
  const navigate = useNavigate()
  const [open, setOpen] = useState<'edit' | 'merge' | 'suppress' | 'erase' | null>(null)
  const remove = useSend('DELETE /api/v1/customers/:id', {
    refresh: ['GET /api/v1/customers'],
    onDone: () => {
      toast(t('Deleted {name}', { name: customerName(customer) }), { undo: () => void restore(customer.id) })
      void navigate({ to: '/customers' } as never)
    },
  })
  const isLive = !customer.deleted_at
  useHotkeys(may && isLive ? { e: () => setOpen('edit') } : {})
  if (!may || customer.erased_at || customer.merged_into) return null
  const close = (): void => setOpen(null)
  const erase = { label: t('Erase for good'), icon: Eraser, tone: 'risk' as const, onSelect: () => setOpen('erase') }
  const handOut = { label: t('Hand out their data'), icon: FileDown, onSelect: () => void takeOut(customer) }
  return (
    <>
      {isLive ? (
        <Button onClick={() => setOpen('edit')}>
          <Pencil aria-hidden />
          {t('Edit')}
        </Button>
      ) : (
        <Button look="primary" onClick={() => void restore(customer.id)}>
          {t('Restore')}
        </Button>
      )}
      <Menu
        trigger={<IconButton icon={EllipsisVertical} label={t('More')} look="outline" size="icon" />}
        items={
          isLive
            ? [
                { label: t('Merge with another customer'), icon: Combine, onSelect: () => setOpen('merge') },
                { label: t('Do not contact'), icon: Ban, onSelect: () => setOpen('suppress') },
                handOut,
                'separator',
                {
                  label: t('Delete customer'),
                  icon: Trash2,
                  tone: 'risk',
                  onSelect: () => remove.mutate({ params: { id: customer.id } }),
                },
                erase,
              ]
            : [handOut, erase]
        }
      />
      {open === 'edit' && <EditCustomer customer={customer} onClose={close} />}
      <Suspense>
        {open === 'merge' && <MergeDialog customer={customer} onClose={close} />}
        {open === 'suppress' && <SuppressDialog customer={customer} onClose={close} />}
        {open === 'erase' && <EraseDialog customer={customer} onClose={close} />}
      </Suspense>
    </>
  )
}

/** Makes the archive of this person and hands it to the browser's downloads. */
async function takeOut(customer: Customer): Promise<void> {
  try {
    const made = await api('POST /api/v1/customers/:id/personal-data', { params: { id: customer.id } })
    await download('GET /api/v1/personal-data/:id', { params: { id: made.id } }, made.file_name)
    toast(t('Everything kept of {name} is in your downloads. Hand it on safely.', { name: customerName(customer) }))
  } catch (error) {
    toastError(error)
  }
}

async function restore(id: string): Promise<void> {
  try {
    await call('POST /api/v1/customers/:id/restore', { params: { id } })
    await refresh('GET /api/v1/customers')
    toast(t('Restored'))
  } catch (error) {
    toastError(error)
  }
}
