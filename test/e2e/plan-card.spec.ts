import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { apiOf, base, signIn } from './session.ts'

for (const [theme, width] of [
  ['light', 1440],
  ['dark', 390],
] as const)
  test(`a card moves by its menu, and its message is seen as a customer gets it: ${theme}, ${width} px`, async ({
    page,
    request,
  }) => {
    test.setTimeout(180_000)
    await page.addInitScript((value) => localStorage.setItem('lma.theme', value), theme)
    await page.setViewportSize({ width, height: 1000 })
    const shot = (name: string): Promise<unknown> =>
      process.env['SHOTS']
        ? page.screenshot({ path: `${process.env['SHOTS']}/${name}-${theme}-${width}.png` })
        : Promise.resolve()
    await signIn(page)
    await page.goto(`${base()}/campaigns/new`)
    await page.getByLabel('Budget of this week, in dollars').fill('0.5')
    await expect(page.getByText('Write an amount from 1 on, or nothing.')).toBeVisible()
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await page.getByLabel('Budget of this week, in dollars').fill('900')
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
    await shot('new-plan')
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await expect(page.getByRole('heading', { level: 2, name: 'Plan of the week' })).toBeVisible({ timeout: 60_000 })
    const id = page.url().split('/').at(-1)!.split('?')[0]!
    const api = await apiOf(request)
    const plan = async () => (await api.get(`/campaigns/${id}`)).weekly_plan
    const before = await plan()
    expect(before.limits.budget_cents).toBe(90_000)

    const menu = page.getByRole('button', { name: /^Move or lock / }).first()
    await menu.focus()
    await page.keyboard.press('Enter')
    await expect(page.getByRole('menu')).toBeVisible()
    expect((await new AxeBuilder({ page }).include('[role=menu]').analyze()).violations).toEqual([])
    await shot('menu')
    const name = (await menu.getAttribute('aria-label'))!.replace('Move or lock ', '')
    const free = page.getByRole('menuitem', { disabled: false }).filter({ hasNotText: 'Lock' })
    const to = await free.last().innerText()
    await free.last().click()
    await expect(page.getByText(`Moved ${name} to ${to}`).last()).toBeVisible({ timeout: 30_000 })
    expect((await plan()).entries.map((e: { day: string }) => e.day)).not.toEqual(
      before.entries.map((e: { day: string }) => e.day),
    )

    // A text has no page, and a handful of customers no other one.
    const mails = page.locator('[data-row]').filter({ hasText: /Email, / })
    const reaches = (await mails.locator('.ticket').allInnerTexts()).map((reach) => Number(reach.replace(/\D/g, '')))
    await mails.nth(reaches.indexOf(Math.max(...reaches))).click()
    const drawer = page.getByRole('dialog')
    await drawer.getByRole('button', { name: 'Show the message' }).click()
    const person = drawer.locator('a[href^="/customers/"]')
    await expect(person).toBeVisible({ timeout: 30_000 })
    const first = await person.innerText()
    await shot('preview')
    expect((await new AxeBuilder({ page }).include('[role=dialog]').exclude('iframe').analyze()).violations).toEqual([])
    await drawer.getByRole('button', { name: 'Another customer' }).click()
    await expect(person).not.toHaveText(first)
    await drawer.getByRole('tab', { name: 'Plain text' }).click()
    await expect(drawer.locator('pre')).toContainText((await person.innerText()).split(' ')[0]!)
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  })
