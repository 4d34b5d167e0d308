import { expect, test } from '@playwright/test'
import { signIn } from './session.ts'

test('a newcomer signs in with the demo login and sees a full dashboard', async ({ page }) => {
  await signIn(page)
  await expect(page.getByText('Revenue').first()).toBeVisible()
  await expect(page.getByRole('link', { name: 'Customers' }).first()).toBeVisible()
})
