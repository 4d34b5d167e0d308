import { useEffect } from 'react'
import { create } from 'zustand'
import { call, type ReplyOf } from './api.ts'
import { useSession } from './session.ts'

export type Preferences = ReplyOf<'GET /api/v1/users/me/preferences'>
export type Density = NonNullable<Preferences['density']>

const kept = 'lma.preferences'
function remembered(): Preferences {
  try {
    return JSON.parse(localStorage.getItem(kept) ?? '{}') as Preferences
  } catch {
    return {}
  }
}

/**
 * How the signed-in user likes tables. The server keeps it, so it is the same on every machine; this browser remembers
 * the last known one, so that the first paint is right.
 */
export const usePreferences = create<Preferences>(remembered)

let waiting: Preferences = {}
let timer: ReturnType<typeof setTimeout> | undefined

/** Changes some of them at once here, and a moment later on the server. */
export function setPreferences(change: Preferences): void {
  show({ ...usePreferences.getState(), ...change, tables: { ...usePreferences.getState().tables, ...change.tables } })
  waiting = { ...waiting, ...change, tables: { ...waiting.tables, ...change.tables } }
  clearTimeout(timer)
  timer = setTimeout(() => {
    const body = waiting
    waiting = {}
    // What could not be kept still holds for this browser.
    void call('PATCH /api/v1/users/me/preferences', { body }).catch(() => undefined)
  }, 400)
}

function show(next: Preferences): void {
  usePreferences.setState(next, true)
  try {
    localStorage.setItem(kept, JSON.stringify(next))
  } catch {
    // Private windows may refuse storage.
  }
}

/** Mounted once, in the shell: asks the server when somebody has signed in. */
export function useLoadPreferences(): void {
  const user = useSession((s) => s.user?.id)
  useEffect(() => {
    if (!user) return
    void call('GET /api/v1/users/me/preferences')
      .then((known) => {
        // A change made meanwhile is newer than the answer.
        if (Object.keys(waiting).length === 0) show(known as Preferences)
      })
      .catch(() => undefined)
  }, [user])
}
