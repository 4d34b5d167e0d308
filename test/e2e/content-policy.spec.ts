import { expect, test } from '@playwright/test'
import { paths } from './paths.ts'
import { apiOf, base, signIn } from './session.ts'

test('no screen, frame or public page breaks the content policy, and what breaks it is stopped', async ({
  page,
  request,
}) => {
  test.setTimeout(240_000)
  const broken: string[] = []
  let where = 'sign-in'
  // Chromium says it on the console, of frames as well.
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) broken.push(`${where}: ${message.text().slice(0, 300)}`)
  })
  const api = await apiOf(request)
  const [template] = (await api.get('/settings/templates')).data
  const [segment] = (await api.get('/segments')).data
  const [form] = (await api.get('/signup-forms')).data
  const [customer] = (await api.get('/customers?sort=-clv_score&page_size=1')).data
  const [campaign] = (await api.get('/campaigns?status=completed&page_size=1')).data

  const answer = await request.get(base())
  const policy = answer.headers()['content-security-policy'] ?? ''
  const nonce = /style-src 'self' 'nonce-([^']+)'/.exec(policy)?.[1]
  expect(nonce, policy).toBeTruthy()
  expect(await answer.text()).toContain(`nonce="${nonce}"`)
  expect((await request.get(base())).headers()['content-security-policy']).not.toContain(nonce)
  expect(policy.match(/unsafe-inline/g)).toEqual(['unsafe-inline'])
  expect(policy).toContain("style-src-attr 'unsafe-inline'")
  const ofApi = (await request.get(`${base()}/health`)).headers()['content-security-policy']
  expect(ofApi).not.toContain('unsafe')

  await signIn(page)
  const visit = async (path: string): Promise<void> => {
    where = path
    await page.goto(base() + path)
    await expect(page.locator('h1').first()).toBeVisible()
    await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
  }
  for (const path of [
    ...paths,
    `/settings/sign-up/${form.id}`,
    `/segments/${segment.id}`,
    `/customers/${customer.id}`,
    `/campaigns/${campaign.id}?tab=results`,
  ])
    await visit(path)
  // The editor makes its styles when it is opened; the preview beside it is a mail in a frame.
  await visit(`/settings/templates/${template.id}`)
  const frame = page.locator('iframe').first()
  await expect(frame).toBeVisible()
  const html = (await frame.getAttribute('srcdoc')) ?? ''
  expect(html).toMatch(/<style[^>]* nonce="[\w+/=]{20,}"/)
  expect(html).toContain('style="')
  await page.getByRole('tab', { name: 'Code' }).click()
  await expect(page.locator('.cm-editor')).toBeVisible()
  // With its styles it scrolls by itself; without them it would be as high as its text.
  await expect(page.locator('.cm-scroller')).toHaveCSS('max-height', '512px')
  where = '/docs'
  await page.goto(`${base()}/docs`)
  await expect(page.locator('.swagger-ui .info')).toBeVisible()
  await visit(`/s/${form.key}`)
  await visit('/u/forged')
  expect(broken).toEqual([])

  // It would have been seen: a style without the nonce is stopped, in the page and in a frame, and so is a script.
  await visit('/')
  await page.evaluate(() => {
    const style = document.createElement('style')
    style.textContent = 'body { display: none }'
    document.head.append(style)
    const inside = document.createElement('iframe')
    inside.srcdoc = '<style>body { color: red }</style>x'
    document.body.append(inside)
    const script = document.createElement('script')
    script.textContent = 'window.ran = true'
    document.head.append(script)
  })
  await expect.poll(() => broken.length).toBeGreaterThanOrEqual(3)
  expect(await page.evaluate(() => getComputedStyle(document.body).display)).not.toBe('none')
  expect(await page.evaluate(() => 'ran' in window)).toBe(false)
})
