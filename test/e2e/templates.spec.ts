import { expect, test } from '@playwright/test'
import { base, signIn } from './session.ts'

test('a template is seen while it is written, refused with its line, saved, and fetched back', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/settings/templates`)
  await page.getByRole('link', { name: 'We have not seen you', exact: true }).click()
  const subject = page.getByLabel('Subject')
  const before = await subject.inputValue()
  await subject.fill('Back on the shelf, {{ first_name }}')
  await expect(page.getByText(/^Back on the shelf, \w+$/)).toBeVisible()
  await page.getByLabel('Plain text').fill('Hello\n{% if x %}')
  await expect(page.getByText('Plain text, line 2')).toBeVisible()
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText(/^Line 2: /)).toBeVisible()
  await page.getByLabel('Plain text').fill('Hello {{ first_name }}')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText(/saved/)).toBeVisible()
  await page.getByRole('button', { name: 'Fetch back: As delivered' }).click()
  await expect(subject).toHaveValue(before)
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('button', { name: 'Save' })).toBeDisabled()
})
