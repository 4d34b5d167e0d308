import { expect, test } from '@playwright/test'
import { base, signIn } from './session.ts'

/** Each sets window.__xss or opens a dialog if anything runs it. */
const corpus: readonly string[] = [
  '<script>window.__xss=1</script>',
  '<img src=x onerror="window.__xss=1">',
  '"><svg onload=window.__xss=1>',
  "'><body onload=alert(1)>",
  '<iframe srcdoc="<script>parent.__xss=1</script>">',
  '<a href="javascript:window.__xss=1">x</a>',
  'javascript:window.__xss=1',
  '</title></textarea></style><script>alert(1)</script>',
  '<math><mi xlink:href="javascript:alert(1)">x',
  '<details open ontoggle=window.__xss=1>',
  '{{constructor.constructor("window.__xss=1")()}}',
  '${window.__xss=1}',
  '<input autofocus onfocus=window.__xss=1>',
  '<video><source onerror=window.__xss=1>',
  '<style>@import "javascript:alert(1)";</style>',
  '\u003cscript\u003ealert(1)\u003c/script\u003e',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
  '<form><button formaction=javascript:alert(1)>x',
  '--><!--><img src=x onerror=alert(1)>',
  '<template><script>alert(1)</script></template>',
]

const screens = [
  '/',
  '/customers?q=xss',
  '/customers/tags',
  '/customers/do-not-contact',
  '/customers/exports',
  '/products?q=xss',
  '/segments',
  '/offers',
  '/campaigns',
  '/campaigns/new',
  '/churn',
  '/sends',
  '/analytics',
  '/analytics?tab=customers',
  '/analytics?tab=data',
  '/mailbox',
  '/settings',
  '/settings/stores',
  '/settings/templates',
  '/settings/audit',
]

test('words of customers, goods and people never run, on any screen and in no mail', async ({ page, request }) => {
  test.setTimeout(150_000)
  const state = await (await request.get(`${base()}/api/v1/auth/state`)).json()
  const login = await (await request.post(`${base()}/api/v1/auth/login`, { data: state.demo_login })).json()
  const headers = { authorization: `Bearer ${login.access_token}` }
  let taken = 0
  const write = async (path: string, data: object): Promise<{ id: string } | null> => {
    const answer = await request.post(`${base()}/api/v1${path}`, { headers, data })
    // A field that refuses such words is as good as one that shows them as text.
    if (!answer.ok()) return null
    taken += 1
    return answer.json()
  }
  const customers: string[] = []
  for (const [i, words] of corpus.entries()) {
    const made = await write('/customers', {
      external_id: `xss-${i}`,
      email: `xss${i}@example.com`,
      name: words.slice(0, 100),
      address: words.slice(0, 100),
      city: words.slice(0, 50),
      state: 'NY',
      birth_date: '1980-01-01',
      tags: [words.slice(0, 50).toLowerCase()],
    })
    if (made) customers.push(made.id)
    await write('/products', {
      sku: `xss-${i}`,
      name: words,
      department: 'wine',
      category: words.slice(0, 60),
      brand: words.slice(0, 60),
      price_cents: 1000,
    })
    await write('/segments', { name: words, description: words, rules: { field: 'state', op: 'is', value: ['NY'] } })
    await write('/offers', { key: `xss_${i}`, title: words, kind: 'content' })
    await write('/views', { name: words, filters: { q: words.slice(0, 60) } })
    await write('/suppressions', { channel: 'email', address: `xss-closed${i}@example.com`, note: words })
  }
  expect(customers.length).toBe(corpus.length)
  expect(taken).toBeGreaterThan(60)
  const first = async (path: string): Promise<{ id: string }> =>
    (await (await request.get(`${base()}/api/v1${path}`, { headers })).json()).data[0]
  const template = await first('/settings/templates')
  const segment = await first('/segments')

  const faults: string[] = []
  page.on('dialog', (dialog) => {
    faults.push(`a dialog on ${page.url()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) faults.push(`${page.url()}: ${message.text().slice(0, 200)}`)
  })
  await signIn(page)
  const look = async (path: string): Promise<void> => {
    await page.goto(base() + path)
    await expect(page.locator('h1')).toBeVisible()
    await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
    const ran = await page.evaluate(
      () => '__xss' in window || [...document.querySelectorAll('script')].some((s) => s.textContent?.includes('__xss')),
    )
    if (ran) faults.push(`something ran on ${path}`)
    const planted = await page
      .locator('#root :is([onerror], [onload], [ontoggle], [onfocus], a[href^="javascript:"])')
      .count()
    if (planted > 0) faults.push(`${planted} planted elements on ${path}`)
  }
  for (const path of [...screens, `/segments/${segment.id}`, ...customers.map((id) => `/customers/${id}`)])
    await look(path)
  // The words really stood there.
  await page.goto(`${base()}/customers/${customers[0]}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText(corpus[0]!)

  // The preview of a mail, as each of them would get it.
  let asCustomer = customers[0]!
  await page.route('**/settings/templates/**/preview*', async (route) => {
    const url = new URL(route.request().url())
    url.searchParams.set('customer_id', asCustomer)
    await route.continue({ url: url.href })
  })
  for (const id of customers.filter((_, i) => i % 3 === 0)) {
    asCustomer = id
    await page.goto(`${base()}/settings/templates/${template.id}`)
    const frame = page.locator('iframe[sandbox]').first()
    await expect(frame).toBeVisible()
    expect(await frame.getAttribute('sandbox')).not.toContain('allow-scripts')
    const html = (await frame.getAttribute('srcdoc')) ?? ''
    if (/<script|<img src=x|<svg onload|onerror=["']?window|href="javascript:/i.test(html))
      faults.push(`markup of a customer in the mail for ${id}`)
    if (await page.evaluate(() => '__xss' in window)) faults.push(`something ran in the mail for ${id}`)
  }
  expect(faults).toEqual([])

  const shell = await request.get(`${base()}/`)
  const policy = shell.headers()['content-security-policy'] ?? ''
  expect(policy).toContain("script-src 'self';")
  expect(policy).toContain("object-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  // No script stands in the page itself, so there is nothing that a nonce would have to let through.
  expect(await shell.text()).not.toMatch(/<script(?![^>]*\bsrc=)/)
})
