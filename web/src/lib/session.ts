import { create } from 'zustand'
import type { Role, Session, User } from '#contract/accounts.ts'

type State = 'starting' | 'in' | 'out' | 'expired'
interface SessionStore {
  state: State
  user: User | null
}

/** Who is signed in. The access token is kept apart, in memory only: a script that reads storage finds nothing. */
export const useSession = create<SessionStore>(() => ({ state: 'starting', user: null }))

let token: string | null = null
let renewing: Promise<boolean> | null = null
const rank: Record<Role, number> = { user: 1, manager: 2, admin: 3 }

export const currentToken = (): string | null => token

export function beginSession(session: Session): void {
  token = session.access_token
  useSession.setState({ state: 'in', user: session.user })
}

/** `expired` keeps the page open below a sign-in dialog, so that nothing typed is lost. */
export function endSession(how: 'out' | 'expired'): void {
  token = null
  const { state } = useSession.getState()
  if (how === 'out' || state === 'starting' || state === 'out') useSession.setState({ state: 'out', user: null })
  else useSession.setState({ state: 'expired' })
}

/** Trades the refresh cookie for a new access token; callers that come meanwhile wait for the same answer. */
export function renewSession(): Promise<boolean> {
  renewing ??= fetch('/api/v1/auth/refresh', { method: 'POST', headers: { accept: 'application/json' } })
    .then(async (response) => {
      if (!response.ok) return false
      beginSession((await response.json()) as Session)
      return true
    })
    .catch(() => false)
    .finally(() => {
      renewing = null
    })
  return renewing
}

/** Whether the signed-in user may do what needs `role`. */
export function useMay(role: Role): boolean {
  const mine = useSession((s) => s.user?.role)
  return mine !== undefined && rank[mine] >= rank[role]
}
