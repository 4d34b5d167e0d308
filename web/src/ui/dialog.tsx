import { Dialog as D } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { cx } from '../lib/cx.ts'
import { t } from '../lib/i18n.ts'
import { IconButton } from './button.tsx'

interface Props {
  open: boolean
  onClose: () => void
  title: string
  /** said under the title and to screen readers */
  description?: ReactNode
  children?: ReactNode
  /** buttons, right aligned, the main one last */
  footer?: ReactNode
  wide?: boolean
}

const backdrop =
  'fixed inset-0 z-40 bg-black/45 transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0'

/** A modal question or short form: focus is kept inside, Escape and the backdrop close it. */
export function Dialog({ open, onClose, title, description, children, footer, wide = false }: Props) {
  return (
    <D.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <D.Portal>
        <D.Backdrop className={backdrop} />
        <D.Viewport className="fixed inset-0 z-40 grid place-items-center overflow-y-auto p-3 max-sm:items-end">
          <D.Popup className={cx('popup relative w-full', wide ? 'max-w-2xl' : 'max-w-md')}>
            <div className="p-4 pb-0 pr-12">
              <D.Title className="text-base font-semibold">{title}</D.Title>
              {description && (
                <D.Description className="mt-1 text-ink-2" render={<div />}>
                  {description}
                </D.Description>
              )}
            </div>
            {children && <div className="px-4 pt-3">{children}</div>}
            <div className="flex flex-wrap justify-end gap-2 p-4">{footer}</div>
            {/* Last in order, so that focus starts in the form or on Cancel. */}
            <D.Close render={<IconButton icon={X} label={t('Close')} className="absolute right-2 top-2" />} />
          </D.Popup>
        </D.Viewport>
      </D.Portal>
    </D.Root>
  )
}

/** A sheet from the right for the details of one row; full width on a phone. */
export function Drawer({ open, onClose, title, description, children, footer }: Props) {
  return (
    <D.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <D.Portal>
        <D.Backdrop className={backdrop} />
        <D.Popup className="fixed inset-y-0 right-0 z-40 flex w-full max-w-[440px] flex-col border-l border-line bg-surface shadow-float outline-none transition-[opacity,transform] duration-100 ease-out data-ending-style:translate-x-1 data-ending-style:opacity-0 data-starting-style:translate-x-1 data-starting-style:opacity-0">
          <div className="flex items-start gap-3 border-b border-line p-4">
            <div className="min-w-0 flex-1">
              <D.Title className="text-base font-semibold">{title}</D.Title>
              {description && (
                <D.Description className="mt-0.5 text-sm text-ink-2" render={<div />}>
                  {description}
                </D.Description>
              )}
            </div>
            <D.Close render={<IconButton icon={X} label={t('Close')} className="-mr-2 -mt-1.5" />} />
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto p-4">{children}</div>
          {footer && <div className="flex flex-wrap justify-end gap-2 border-t border-line p-4">{footer}</div>}
        </D.Popup>
      </D.Portal>
    </D.Root>
  )
}
