import { create } from 'zustand'

export type Theme = 'light' | 'dark' | 'system'
const prefersDark = matchMedia('(prefers-color-scheme: dark)')

function kept<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
  try {
    const value = localStorage.getItem(name)
    return allowed.find((a) => a === value) ?? fallback
  } catch {
    return fallback
  }
}

/** What this browser's user likes to see; kept in the browser. */
export const useLook = create<{ theme: Theme; singleKeys: boolean }>(() => ({
  theme: kept('lma.theme', ['light', 'dark', 'system'], 'system'),
  singleKeys: kept('lma.keys', ['on', 'off'], 'on') === 'on',
}))

function remember(name: string, value: string): void {
  try {
    localStorage.setItem(name, value)
  } catch {
    // Private windows may refuse storage; the choice then lasts for this page.
  }
}

function paint(theme: Theme): void {
  document.documentElement.classList.toggle('dark', theme === 'dark' || (theme === 'system' && prefersDark.matches))
}

export function setTheme(theme: Theme): void {
  useLook.setState({ theme })
  remember('lma.theme', theme)
  paint(theme)
}

export function setSingleKeys(on: boolean): void {
  useLook.setState({ singleKeys: on })
  remember('lma.keys', on ? 'on' : 'off')
}

prefersDark.addEventListener('change', () => paint(useLook.getState().theme))
