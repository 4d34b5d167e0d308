import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { paths } from './paths.ts'
import { apiOf, base, signIn } from './session.ts'

async function settled(page: Page, path: string): Promise<void> {
  await page.goto(base() + path)
  await expect(page.locator('h1')).toBeVisible()
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
}

for (const theme of ['light', 'dark'] as const) {
  test(`every screen passes axe and fits phones and desks, ${theme}`, async ({ page, request }) => {
    // Some fifty screens at three widths.
    test.setTimeout(360_000)
    const api = await apiOf(request)
    const [campaign] = (await api.get('/campaigns?status=completed&page_size=1')).data
    const [draft] = (await api.get('/campaigns?status=draft&page_size=1')).data
    const [template] = (await api.get('/settings/templates')).data
    const [segment] = (await api.get('/segments')).data
    const [form] = (await api.get('/signup-forms')).data
    const [customer] = (await api.get('/customers?sort=-clv_score&page_size=1')).data
    await page.addInitScript((value) => localStorage.setItem('lma.theme', value), theme)
    await signIn(page)
    const all = [
      ...paths,
      `/settings/templates/${template.id}`,
      `/settings/sign-up/${form.id}`,
      `/segments/${segment.id}`,
      `/customers/${customer.id}`,
      `/campaigns/${draft.id}`,
      `/campaigns/${campaign.id}?tab=results`,
      `/campaigns/${campaign.id}?tab=recipients`,
    ]
    const faults: string[] = []
    for (const width of [1440, 390, 320]) {
      await page.setViewportSize({ width, height: 900 })
      for (const path of all) {
        await settled(page, path)
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
        if (over > 0) faults.push(`${path} at ${width} px is ${over} px too wide`)
        if (width === 320) continue
        const { violations } = await new AxeBuilder({ page })
          // A framed mail runs no script, so axe would wait for it for ever; it is checked as a template.
          .setLegacyMode()
          .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
          .analyze()
        for (const v of violations) faults.push(`${path} at ${width} px: ${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`)
      }
    }
    expect(faults).toEqual([])
  })
}

test('no link of the main screens leads nowhere', async ({ page }) => {
  // Some eighty pages, one after the other.
  test.slow()
  await signIn(page)
  const seen = new Set<string>()
  for (const path of paths) {
    await settled(page, path)
    for (const a of await page.locator('a[href^="/"]').all()) seen.add((await a.getAttribute('href'))!)
  }
  const dead: string[] = []
  for (const href of seen) {
    if (/^\/(api|docs|t|u)\b/.test(href) || /^\/(customers|campaigns)\/[0-9a-f-]{36}/.test(href)) continue
    await settled(page, href)
    if (await page.getByText('There is no page here').isVisible()) dead.push(href)
  }
  expect(seen.size).toBeGreaterThan(10)
  expect(dead).toEqual([])
})
