import { expect, test } from '@playwright/test'
import { base, signIn } from './session.ts'

test('a segment is described, counted while it is written, made, changed, taken back and removed', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/segments/new`)
  const count = page.getByRole('region', { name: 'Right now' }).locator('.ticket')
  const figure = async (): Promise<number> => Number((await count.innerText()).replaceAll(',', ''))
  await expect.poll(figure).toBeGreaterThan(500)
  const all = await figure()
  await page.getByLabel('Name').fill('Evening bourbon')
  await page.getByLabel('Categories').fill('Bourbon')
  await expect(page.getByText('ordered of Bourbon in the last 90 days')).toBeVisible()
  await expect.poll(figure).toBeLessThan(all)
  await page.getByRole('button', { name: 'Add a condition' }).click()
  await page.getByLabel('What', { exact: true }).nth(1).selectOption('is_night_buyer')
  await expect(page.getByText('What each condition takes away')).toBeVisible()
  await page.getByRole('button', { name: 'Make the segment' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Evening bourbon' })).toBeVisible()
  // A job fills it; the page says so when it is counted.
  await expect(async () => {
    await page.reload()
    await expect(page.getByRole('link', { name: /^[1-9][0-9,]* customers?$/ })).toBeVisible({ timeout: 2000 })
  }).toPass({ timeout: 30_000 })

  await page.getByLabel('Name').fill('Evening whiskey')
  await page.getByLabel('Categories').fill('Bourbon, Rye Whiskey')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Evening whiskey' })).toBeVisible()
  await page.getByRole('button', { name: 'Take it back' }).click()
  await expect(page.getByText('ordered of Bourbon in the last 90 days and is a night buyer').first()).toBeVisible()

  await page.getByRole('button', { name: 'Remove', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Segments' })).toBeVisible()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByRole('link', { name: 'Evening whiskey' })).toBeVisible()
  await page.getByRole('button', { name: 'Add Night buyers' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Night buyers' })).toBeVisible()
})
