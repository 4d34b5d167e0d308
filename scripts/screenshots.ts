import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { chromium } from '@playwright/test'
import sparticuz from '@sparticuz/chromium'

// npm run docs:screenshots -- http://localhost:8000: the pictures of the README, from a running demo shop, in real Chromium.
const base = process.argv[2] ?? 'http://localhost:8000'
const folder = path.resolve(import.meta.dirname, '../docs/screenshots')
mkdirSync(folder, { recursive: true })
const system = '/usr/bin/chromium'
const executablePath = process.env['CHROME'] ?? (existsSync(system) ? system : await sparticuz.executablePath())
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })

async function shoot(name: string, url: string): Promise<void> {
  await page.goto(base + url)
  await page.locator('h1').waitFor()
  // Charts come in files of their own: busy ends, and begins again.
  for (let quiet = 0; quiet < 5; quiet++) {
    if ((await page.locator('[aria-busy=true], .skeleton').count()) > 0) quiet = -1
    await page.waitForTimeout(150)
  }
  await page.screenshot({ path: path.join(folder, `${name}.jpg`), type: 'jpeg', quality: 82 })
  console.log(name)
}

await page.goto(base)
await page.getByRole('button', { name: 'Sign in to the demo' }).click()
await page.getByRole('heading', { level: 1, name: 'This week' }).waitFor()
// In a context of its own: a second sign-in would end the one of the page.
const { request } = await browser.newContext()
const login = await request.get(`${base}/api/v1/auth/state`)
const answer = await request.post(`${base}/api/v1/auth/login`, { data: (await login.json()).demo_login })
const headers = { authorization: `Bearer ${(await answer.json()).access_token}` }
const first = async (url: string): Promise<string> =>
  (await (await request.get(`${base}/api/v1${url}`, { headers })).json()).data[0].id
await shoot('week', '/')
await shoot('plan', `/campaigns/${await first('/campaigns?status=draft&page_size=1')}`)
await shoot('customer', `/customers/${await first('/customers?sort=-clv_score&page_size=1')}`)
await shoot('analytics', '/analytics?tab=messages')
await browser.close()
