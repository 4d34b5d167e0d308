import { useSyncExternalStore } from 'react'

const phone = matchMedia('(width < 640px)')

/** Under 640 px: tables become two-line rows. */
export function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      phone.addEventListener('change', changed)
      return () => phone.removeEventListener('change', changed)
    },
    () => phone.matches,
  )
}
