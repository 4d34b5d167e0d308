import { Ban, Download, EllipsisVertical, Shapes, Tag, Trash2, Undo2 } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { t } from '../../lib/i18n.ts'
import { useMay } from '../../lib/session.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { Menu, type MenuEntry } from '../../ui/menu.tsx'
import type { Chosen } from '../../ui/table.tsx'
import { startBulk, whomOf, type Ask, type Whom } from './bulk-start.ts'
import { filterOf, type CustomerUrl } from './customer-url.ts'

const BulkDialog = lazy(() => import('./bulk-dialog.tsx'))

/** What can be done with the chosen customers. What can be undone starts at one press. */
export function BulkBar({
  chosen,
  url,
  columns,
  clear,
}: {
  chosen: Chosen
  url: CustomerUrl
  /** shown ones, for an export */
  columns: readonly string[]
  clear: () => void
}) {
  const may = useMay('manager')
  const mayErase = useMay('admin')
  const [ask, setAsk] = useState<Ask | null>(null)
  const whom: Whom = whomOf(chosen, filterOf(url))
  const go = (body: Record<string, unknown>): void => void startBulk(whom, body).then((started) => started && clear())
  const exporting = (
    <Button size="sm" onClick={() => setAsk('export')}>
      <Download aria-hidden />
      {t('Export')}
    </Button>
  )
  const more: (MenuEntry | false)[] = url.deleted
    ? [mayErase && { label: t('Erase for good'), icon: Trash2, tone: 'risk', onSelect: () => setAsk('erase') }]
    : [
        { label: t('Take a tag away'), icon: Tag, onSelect: () => setAsk('remove_tag') },
        { label: t('Take out of a segment'), icon: Shapes, onSelect: () => setAsk('remove_from_segment') },
        { label: t('Allow contact again'), icon: Undo2, onSelect: () => setAsk('unsuppress') },
        'separator',
        { label: t('Delete'), icon: Trash2, tone: 'risk', onSelect: () => go({ action: 'delete' }) },
        mayErase && { label: t('Erase for good'), icon: Trash2, tone: 'risk', onSelect: () => setAsk('erase') },
      ]
  const shown = more.filter((m) => m !== false)
  return (
    <>
      {may && url.deleted && (
        <Button size="sm" onClick={() => go({ action: 'restore' })}>
          <Undo2 aria-hidden />
          {t('Restore')}
        </Button>
      )}
      {may && !url.deleted && (
        <>
          <Button size="sm" onClick={() => setAsk('add_tag')}>
            <Tag aria-hidden />
            {t('Tag')}
          </Button>
          <Button size="sm" onClick={() => setAsk('add_to_segment')}>
            <Shapes aria-hidden />
            {t('Add to segment')}
          </Button>
          <Button size="sm" onClick={() => setAsk('suppress')}>
            <Ban aria-hidden />
            {t('Do not contact')}
          </Button>
        </>
      )}
      {exporting}
      {may && shown.length > 0 && (
        <Menu
          trigger={<IconButton icon={EllipsisVertical} label={t('More to do with them')} look="outline" />}
          items={shown}
        />
      )}
      {ask && (
        <Suspense>
          <BulkDialog
            ask={ask}
            whom={whom}
            columns={columns}
            sort={url.sort}
            onStart={go}
            onClose={() => setAsk(null)}
          />
        </Suspense>
      )}
    </>
  )
}
