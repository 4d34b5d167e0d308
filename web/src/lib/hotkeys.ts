import { useEffect, useRef } from 'react'
import { useLook } from './theme.ts'

/**
 * Single keys and sequences (`'g w'`, `'/'`, `'?'`, `'mod+k'`). Off inside inputs and dialogs, and when the user turned
 * single keys off (WCAG 2.1.4); `mod+` keys always work.
 */
export function useHotkeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = useRef(keys)
  useEffect(() => {
    latest.current = keys
  })
  useEffect(() => {
    let before = ''
    let beforeAt = 0
    const press = (e: KeyboardEvent): void => {
      if (e.defaultPrevented || e.isComposing) return
      const mod = e.metaKey || e.ctrlKey
      const name = mod ? `mod+${e.key.toLowerCase()}` : e.key
      if (!mod) {
        const target = e.target as HTMLElement
        if (
          e.altKey ||
          !useLook.getState().singleKeys ||
          target.closest(
            'input:not([type=checkbox]),textarea,select,[contenteditable],[role=dialog],[role=menu],[role=listbox]',
          )
        )
          return
      }
      const sequence = Date.now() - beforeAt < 1000 ? `${before} ${name}` : name
      const run = latest.current[sequence] ?? latest.current[name]
      before = name
      beforeAt = Date.now()
      if (!run) return
      e.preventDefault()
      before = ''
      run(e)
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}
