import type { FastifyInstance, RouteOptions } from 'fastify'
import type { Access } from '#contract/http.ts'
import { scopes, type Scope } from '#contract/scopes.ts'

/** Who may call a route: least role, and the API key scope that opens it as well. */
export interface Policy {
  access: Access
  scope?: Scope
  /** why nobody has to sign in: what guards the route instead */
  openBecause?: string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    policy?: Policy
  }
  interface FastifyInstance {
    /** every route of the application with its policy, in the order of registration */
    policies: RoutePolicy[]
  }
}

export interface RoutePolicy extends Policy {
  method: string
  url: string
}

/** Routes that plugins register themselves: the UI's own files and the documentation, the same for everybody. */
const ofPlugins: readonly [RegExp, string][] = [
  [/^\/docs($|\/)/, 'documentation of the API, holds no data'],
  [/^\/?\*?$/, 'files of the UI, hold no data'],
]

/** A route that nobody signs in for, with the reason. */
export const openTo = (openBecause: string): { policy: Policy } => ({ policy: { access: 'public', openBecause } })

/**
 * Default deny, at the start: a route without a policy, with an unknown scope, or open to everybody without a reason
 * does not register, so the application does not come up. The table it collects is what tests and documentation read.
 */
export function requirePolicies(app: FastifyInstance): void {
  app.decorate('policies', [])
  app.addHook('onRoute', (route: RouteOptions) => {
    const policy = route.config?.policy ?? policyOfPlugin(route.url)
    for (const method of [route.method].flat()) {
      const fault = policy ? faultOf(policy) : 'has no access policy'
      if (fault || !policy)
        throw new Error(`The route ${method} ${route.url} ${fault}; see server/http/access-policy.ts.`)
      app.policies.push({ method, url: route.url, ...policy })
    }
  })
}

function policyOfPlugin(url: string): Policy | null {
  const openBecause = ofPlugins.find(([pattern]) => pattern.test(url))?.[1]
  return openBecause ? { access: 'public', openBecause } : null
}

const levels: readonly string[] = ['public', 'user', 'manager', 'admin']

function faultOf({ access, scope, openBecause }: Policy): string | null {
  if (!levels.includes(access)) return `has the unknown access ${String(access)}`
  if (scope !== undefined && !scopes.includes(scope)) return `names the unknown scope ${String(scope)}`
  if (scope !== undefined && access === 'admin') return 'is for admins and cannot be open to API keys'
  if (access === 'public' && !openBecause) return 'is open to everybody without a reason'
  return null
}
