import { lazy, Suspense } from 'react'

const Drawer = lazy(() => import('../dispatch/send-drawer.tsx').then((m) => ({ default: m.SendDrawer })))

/** The drawer of one message; its code is loaded with the first one opened. */
export function SendDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  return id === '' ? null : (
    <Suspense>
      <Drawer id={id} onClose={onClose} />
    </Suspense>
  )
}
