import { appendFileSync } from 'node:fs'
import { expect, type APIRequestContext, type Page } from '@playwright/test'

/** Address of the booted product, set by boot.ts. */
export const base = (): string => process.env['E2E_BASE']!

/** Remembers a secret that this spec types in or is shown: the mode `overheard` looks for it everywhere afterwards. */
export function seeded(secret: string): string {
  const file = process.env['E2E_SEEDED']
  if (file) appendFileSync(file, secret + '\n')
  return secret
}

/** What a spec's language model was asked, for the same search. */
export function prompted(captured: readonly { messages: unknown }[]): void {
  const file = process.env['E2E_PROMPTS']
  if (file) appendFileSync(file, captured.map(({ messages }) => JSON.stringify(messages) + '\n').join(''))
}

/** As a newcomer: one press on the demo sign-in. */
export async function signIn(page: Page): Promise<void> {
  await page.goto(base())
  await page.getByRole('button', { name: 'Sign in to the demo' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'This week' })).toBeVisible()
}

export interface Api {
  // Answers are checked by the contract on the server; here they are read loosely.
  // oxlint-disable-next-line typescript/no-explicit-any
  get(path: string): Promise<any>
  patch(path: string, data: object): Promise<void>
  // oxlint-disable-next-line typescript/no-explicit-any
  post(path: string, data: object): Promise<any>
}

/** A client of the API with the demo's rights. */
export async function apiOf(request: APIRequestContext): Promise<Api> {
  const state = await (await request.get(`${base()}/api/v1/auth/state`)).json()
  const answer = await request.post(`${base()}/api/v1/auth/login`, { data: state.demo_login })
  const headers = { authorization: `Bearer ${(await answer.json()).access_token}` }
  const url = (path: string): string => `${base()}/api/v1${path}`
  return {
    get: async (path) => (await request.get(url(path), { headers })).json(),
    async patch(path, data) {
      const changed = await request.patch(url(path), { headers, data })
      expect(changed.ok(), await changed.text()).toBe(true)
    },
    async post(path, data) {
      const made = await request.post(url(path), { headers, data })
      expect(made.ok(), await made.text()).toBe(true)
      return made.json()
    },
  }
}
