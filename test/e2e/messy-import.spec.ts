import { expect, test } from '@playwright/test'
import { base, signIn } from './session.ts'
import { tillExport } from './till-export.ts'

test('a messy till export is matched, checked, repaired in groups and imported', async ({ page }) => {
  const started = Date.now()
  const rows = 5000
  const { csv, bad } = tillExport(rows)
  await signIn(page)
  await page.goto(`${base()}/customers/import`)
  await page.getByLabel('What is in the file?').selectOption('orders')
  await page.getByLabel('Create customers that are not known yet').check()
  await page.locator('#import-file').setInputFiles({ name: 'till.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
  // Delimiter and header under the title are found; every column is understood.
  await expect(page.getByText('9 columns found')).toBeVisible()
  await expect(page.getByText('2 lines above the headings left out')).toBeVisible()
  await expect(page.getByLabel('Field for Cell')).toHaveValue('phone')
  await expect(page.getByLabel('Field for Amount')).toHaveValue('line_total')
  await page.getByRole('button', { name: 'Check the file' }).click()

  const figure = async (name: string): Promise<number> =>
    Number((await page.locator('dl > div', { hasText: name }).locator('dd').innerText()).replaceAll(',', ''))
  await expect.poll(() => figure('Refused')).toBe(bad.phones + bad.dates + 1)
  await page.getByRole('button', { name: /^Repair: This is not a full phone number/ }).click()
  await expect(page.getByText('no phone')).toBeVisible()
  await page.getByRole('button', { name: `Leave these ${bad.phones} cells empty` }).click()
  await page.getByRole('button', { name: /^Repair: This is not a date/ }).click()
  await page.getByLabel('Read 31/31/2026 as').fill('10/31/2026')
  await page.getByRole('button', { name: 'Check again' }).click()
  await expect.poll(() => figure('Refused')).toBe(1)
  await page.getByRole('button', { name: /^Import [\d,]+ rows$/ }).click()
  await expect(page.getByText('Imported till.csv')).toBeVisible({ timeout: 60_000 })
  expect(await figure('Added')).toBe(rows)
  await page.getByRole('link', { name: 'See the customers' }).click()
  await page.getByLabel('Search name, email, phone or number').fill('Guest 77')
  await expect(page.getByText('Guest 77', { exact: true })).toBeVisible()
  expect(Date.now() - started).toBeLessThan(180_000)
})
