import { readdirSync } from 'node:fs'
import path from 'node:path'
import type { RouteShape } from '#contract/http.ts'

/** Every route of the contract, read from the files, so that a new one cannot be forgotten. */
export async function contractRoutes(): Promise<RouteShape[]> {
  const folder = path.resolve(import.meta.dirname, '../contract')
  const routes: RouteShape[] = []
  for (const file of readdirSync(folder).filter((f) => f.endsWith('.ts'))) {
    const module = (await import(path.join(folder, file))) as Record<string, unknown>
    for (const group of Object.values(module)) {
      if (typeof group !== 'object' || group === null) continue
      for (const shape of Object.values(group) as unknown[]) {
        const route = shape as Partial<RouteShape> | null
        if (route && typeof route === 'object' && typeof route.path === 'string' && route.method && route.access)
          routes.push(route as RouteShape)
      }
    }
  }
  return routes
}

/** An id in the right shape that nothing has. */
export const nobodysId = '0199f5ce-0000-7000-8000-000000000000'
export const addressOf = (url: string, id = nobodysId): string => url.replace(/:\w+/g, id)
