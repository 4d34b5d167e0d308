import { expect, test } from '@playwright/test'

const base = (): string => process.env['E2E_BASE']!

test('a newcomer signs in with the demo login and sees a full dashboard', async ({ page }) => {
  await page.goto(base())
  await page.getByRole('button', { name: 'Sign in to the demo' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'This week' })).toBeVisible()
  await expect(page.getByText('Revenue').first()).toBeVisible()
  await expect(page.getByRole('link', { name: 'Customers' }).first()).toBeVisible()
})
