import { lazy, Suspense } from 'react'
import { useSession } from '../lib/session.ts'
import { ConfirmHost } from '../ui/confirm.tsx'
import { ToastHost } from '../ui/toast.tsx'
import { Shell } from './shell.tsx'

const Door = lazy(() => import('../features/accounts/door.tsx'))
const SessionEnded = lazy(() => import('../features/accounts/session-ended.tsx'))

/** A link of a mail is for whom it names, whoever is signed in here. */
const isWelcome = (): boolean => location.pathname === '/welcome'

/** The shell for who is signed in, the door for who is not; an ended session leaves the page open under a sign-in. */
export function Root() {
  const state = useSession((s) => s.state)
  return (
    <>
      {state === 'out' || isWelcome() ? (
        <Suspense>
          <Door />
        </Suspense>
      ) : (
        <Shell starting={state === 'starting'} />
      )}
      {state === 'expired' && (
        <Suspense>
          <SessionEnded />
        </Suspense>
      )}
      <ConfirmHost />
      <ToastHost />
    </>
  )
}
