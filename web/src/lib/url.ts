import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'

/** One value of the address: how it is read (bad text gives the default) and written (the default is left out). */
export interface Param<T> {
  read: (text: string | undefined) => T
  write: (value: T) => string | undefined
}

export const text = (fallback = ''): Param<string> => ({
  read: (s) => s ?? fallback,
  write: (v) => (v === fallback ? undefined : v),
})
export const choice = <const T extends string>(allowed: readonly T[], fallback: NoInfer<T>): Param<T> => ({
  read: (s) => allowed.find((a) => a === s) ?? fallback,
  write: (v) => (v === fallback ? undefined : v),
})
export const whole = (fallback: number, min = 1, max = 100_000): Param<number> => ({
  read: (s) => (s !== undefined && /^\d+$/.test(s) && Number(s) >= min && Number(s) <= max ? Number(s) : fallback),
  write: (v) => (v === fallback ? undefined : String(v)),
})
export const list = (): Param<string[]> => ({
  read: (s) => s?.split(',').filter(Boolean) ?? [],
  write: (v) => (v.length > 0 ? v.join(',') : undefined),
})
export const flag = (): Param<boolean> => ({ read: (s) => s === '1', write: (v) => (v ? '1' : undefined) })

/** page, size and sort of a table, for `useUrl({ ...tableParams('-created_at'), q: text() })`. */
export const tableParams = (sort = '', size = 25) => ({ page: whole(1), size: whole(size, 1, 200), sort: text(sort) })

export type Values<S> = { [K in keyof S]: S[K] extends Param<infer T> ? T : never }
type Change<S> = (changes: Partial<Values<S>>, how?: { push?: boolean }) => void

// Takes every Param<T>: read may give anything, write may ask for anything.
interface AnyParam {
  read: (text: string | undefined) => unknown
  write: (value: never) => string | undefined
}

/**
 * Typed state in the address: `const [url, setUrl] = useUrl({ q: text(), ...tableParams() })`. Changing anything but the
 * page goes back to page 1. `push` makes a step for the back button.
 */
export function useUrl<S extends Record<string, AnyParam>>(spec: S): [Values<S>, Change<S>]
export function useUrl(
  spec: Record<string, Param<unknown>>,
): [Record<string, unknown>, (changes: Record<string, unknown>, how?: { push?: boolean }) => void] {
  const search = useSearch({ strict: false }) as Record<string, string | undefined>
  const navigate = useNavigate()
  // A spec is a constant of its page; the first one stays.
  const [params] = useState(spec)
  const values = useMemo(
    () => Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param.read(search[name])])),
    [params, search],
  )
  const change = useCallback(
    (changes: Record<string, unknown>, how: { push?: boolean } = {}) => {
      const all: Record<string, unknown> =
        'page' in params && !('page' in changes) ? { ...changes, page: params['page']?.read(undefined) } : changes
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) => {
          const next = { ...before }
          for (const [name, value] of Object.entries(all)) {
            const written = params[name]?.write(value)
            if (written === undefined) delete next[name]
            else next[name] = written
          }
          return next
        },
        replace: !how.push,
        resetScroll: false,
      } as never)
    },
    [navigate, params],
  )
  return [values, change]
}

/** Plain `?a=b` addresses instead of the router's JSON: they are read and shared by people. */
export const parseSearch = (search: string): Record<string, string> => Object.fromEntries(new URLSearchParams(search))
export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).flatMap(([k, v]) =>
    v === undefined || v === null || v === '' ? [] : [[k, String(v as string)]],
  )
  const made = new URLSearchParams(pairs).toString().replaceAll('%2C', ',')
  return made ? `?${made}` : ''
}
