import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { apiOf, base, signIn } from './session.ts'

async function clean(page: Page, what: string): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme })
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map((v) => `${what}, ${scheme}: ${v.id} ${v.nodes[0]?.html}`)).toEqual([])
  }
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
  expect(wide, `${what} scrolls sideways`).toBe(false)
}

test('a form is made, its code printed, and somebody signs up on a phone without JavaScript', async ({
  page,
  browser,
  request,
}) => {
  const key = `e2e-${Date.now() % 1_000_000}`
  const email = `${key}@example.com`
  await signIn(page)
  await page.goto(`${base()}/settings/sign-up`)
  await page.getByRole('button', { name: 'New form' }).first().click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Name').fill('Counter')
  await dialog.getByLabel('Address').fill(key)
  await dialog.getByRole('button', { name: 'Make the form' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Counter' })).toBeVisible()
  await page.getByLabel('Headline').fill('Be first at the shelf')
  await page.getByLabel('Mobile number and consent to texts').check()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText('Counter saved')).toBeVisible()
  const preview = page.frameLocator('iframe[title="Preview of Counter"]')
  await expect(preview.getByRole('heading', { name: 'Be first at the shelf' })).toBeVisible()
  await expect(page.getByRole('img', { name: 'QR code of the form' })).toBeVisible()
  for (const format of ['SVG, for print', 'PNG']) {
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: format }).click()
    expect((await saved).suggestedFilename()).toMatch(/^sign-up-e2e-.*\.(svg|png)$/)
  }

  const phone = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
  const visitor = await phone.newPage()
  await visitor.goto(`${base()}/s/${key}?via=qr`)
  await visitor.waitForTimeout(3000)
  await visitor.getByLabel('First name').fill('Edith')
  await visitor.getByLabel(/^Email/).fill(email)
  await visitor.getByLabel('Month').fill('7')
  await visitor.getByLabel('Day').fill('31')
  await visitor.getByLabel('Year').fill('1979')
  await visitor.getByRole('button', { name: 'Sign up' }).click()
  await expect(visitor.getByRole('alert')).toContainText('Tick the box if you want emails')
  await visitor.getByLabel(/offers and news by email/).check()
  await visitor.getByRole('button', { name: 'Sign up' }).click()
  await expect(visitor.getByRole('status')).toContainText('Look into your mailbox')

  // The sandbox keeps what the customer would have got.
  const api = await apiOf(request)
  const message = async () => {
    const { data } = await api.get(`/sandbox/messages?page_size=50`).catch(() => ({ data: [] }))
    return data?.find((m: { recipient: string }) => m.recipient === email)
  }
  await expect.poll(async () => Boolean(await message()), { timeout: 20_000 }).toBe(true)
  const { body_text: text } = await api.get(`/sandbox/messages/${(await message()).id}`)
  await visitor.goto(/http\S+\/s\/confirm\/\S+/.exec(text)![0].replace(/^http:\/\/[^/]+/, base()))
  await visitor.getByRole('button', { name: 'Yes, confirm' }).click()
  await expect(visitor.getByRole('heading', { name: 'You are on the list' })).toBeVisible()
  await visitor.getByRole('link', { name: 'Choose what you get' }).click()
  await visitor.getByLabel('Beer').uncheck()
  await visitor.getByLabel('At most once a month').check()
  await visitor.getByLabel('Pause all messages for').selectOption({ label: '4 weeks from today' })
  await visitor.getByRole('button', { name: 'Save' }).click()
  await expect(visitor.getByRole('status')).toContainText('Saved')
  await expect(visitor.getByLabel('Beer')).not.toBeChecked()
  await expect(visitor.getByLabel('At most once a month')).toBeChecked()
  await expect(visitor.getByLabel('Pause all messages for').locator('option').first()).toContainText('Paused until')
  const preferences = visitor.url()
  await phone.close()

  await page.goto(`${base()}/customers?q=${encodeURIComponent(email)}`)
  await page.getByRole('button', { name: 'Edith' }).first().click()
  await expect(page.getByText(/paused all messages until/).first()).toBeVisible()

  for (const width of [390, 1440]) {
    await page.setViewportSize({ width, height: 900 })
    for (const [what, url] of [
      ['form', `/s/${key}`],
      ['frame', `/s/${key}?embed=1`],
      ['preferences', preferences.replace(base(), '')],
      ['unknown link', '/s/confirm/x'],
    ] as const) {
      await page.goto(base() + url)
      await clean(page, `${what} ${width}`)
    }
  }
})

/** Somebody else's website: another origin than the product, with one line of ours in it. */
async function websiteWith(key: string): Promise<{ origin: string; server: Server }> {
  const server = createServer((_request, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<!doctype html><h1>Our shop</h1><script src="${base()}/s/embed.js" data-form="${key}" async></script>`),
  )
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server }
}

test('the form stands in a page of another website that may show it, and in no other', async ({ page, request }) => {
  const api = await apiOf(request)
  const key = `embed-${Date.now() % 1_000_000}`
  const allowed = await websiteWith(key)
  const foreign = await websiteWith(key)
  try {
    const made = await api.post('/signup-forms', {
      key,
      name: 'Website',
      channels: ['email'],
      headline: 'News from the shelf',
      sites: [allowed.origin],
    })
    await page.goto(allowed.origin)
    const frame = page.frameLocator('iframe')
    await expect(frame.getByRole('heading', { name: 'News from the shelf' })).toBeVisible()
    // It grows to what it holds, so that nothing scrolls inside.
    const height = (): Promise<number> => page.locator('iframe').evaluate((f) => f.clientHeight)
    const inner = await frame.locator('html').evaluate((h) => h.offsetHeight)
    await expect.poll(height).toBeGreaterThanOrEqual(inner)
    await page.waitForTimeout(2600)
    await frame.getByRole('textbox', { name: 'Email' }).fill(`${key}@example.com`)
    for (const [label, value] of [
      ['Month', '1'],
      ['Day', '2'],
      ['Year', '1970'],
    ] as const)
      await frame.getByLabel(label).fill(value)
    await frame.getByLabel(/offers and news by email/).check()
    await frame.getByRole('button', { name: 'Sign up' }).click()
    await expect(frame.getByRole('status')).toContainText('Look into your mailbox')
    const figures = await api.get(`/signup-forms/${made.id}/figures`)
    expect(figures.ways.find((w: { via: string }) => w.via === 'embed')).toMatchObject({ shown: 1, sent: 1 })

    await page.goto(foreign.origin)
    await expect(page.locator('iframe')).toBeVisible()
    await page.waitForTimeout(1500)
    await expect(page.frameLocator('iframe').getByRole('heading', { name: 'News from the shelf' })).toHaveCount(0)
  } finally {
    allowed.server.close()
    foreign.server.close()
  }
})
