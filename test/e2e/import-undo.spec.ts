import { expect, test, type Page } from '@playwright/test'
import { base, signIn } from './session.ts'

const head = 'Mail;Rufname;Seit;Laden'
const people = (...names: string[]): string =>
  [head, ...names.map((n) => `${n.toLowerCase()}@undo.example.com;${n};x;Main`)].join('\n') + '\n'

async function choose(page: Page, name: string, text: string): Promise<void> {
  await page.goto(`${base()}/customers/import`)
  // The page is drawn anew once the shop's zone is known.
  await expect(page.getByText('Chicago time')).toBeVisible()
  await page.locator('#import-file').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })
}
async function figure(page: Page, name: string): Promise<number> {
  return Number((await page.locator('dl > div', { hasText: name }).locator('dd').innerText()).replaceAll(',', ''))
}

test('columns are matched once, the next file goes straight to the check, and an import is taken back', async ({
  page,
}) => {
  await signIn(page)
  await choose(page, 'first.csv', people('Annika', 'Bertram'))
  await expect(page.getByText('4 columns found')).toBeVisible()
  await page.getByLabel('Field for Rufname').selectOption('name')
  await page.getByLabel('Field for Laden').selectOption('')
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByRole('button', { name: 'Import 2 rows' }).click()
  await expect(page.getByText('Imported first.csv')).toBeVisible()

  // The same columns again: no step in between, and it says why.
  await choose(page, 'second.csv', people('Annika', 'Cosima', 'Dorit'))
  await expect(page.getByText('The columns are matched as last time, in first.csv')).toBeVisible()
  await expect.poll(() => figure(page, 'New')).toBe(2)
  expect(await figure(page, 'Same as before')).toBe(1)
  // They can still be looked at.
  await page.getByRole('button', { name: 'Back to the columns' }).click()
  await expect(page.getByLabel('Field for Rufname')).toHaveValue('name')
  await expect(page.getByLabel('Field for Laden')).toHaveValue('')
  await expect(page.getByText('As last time', { exact: true })).toHaveCount(2)
  await page.getByRole('button', { name: 'Check the file' }).click()
  await page.getByRole('button', { name: 'Import 2 rows' }).click()
  await expect(page.getByText('Imported second.csv')).toBeVisible()

  await page.getByRole('button', { name: 'Undo this import' }).click()
  await expect(page.getByRole('dialog')).toContainText('2 rows it added will be removed')
  await page.getByRole('dialog').getByRole('button', { name: 'Undo this import' }).click()
  await expect(page.getByRole('heading', { name: 'This import was undone' })).toBeVisible()
  await expect(page.getByText('Removed again').locator('xpath=following-sibling::dd')).toHaveText('2')

  await page.goto(`${base()}/customers?q=undo.example`)
  await expect(page.getByRole('button', { name: 'Annika' })).toBeVisible()
  await expect(page.getByRole('button', { name: 'Cosima' })).toHaveCount(0)

  // The history knows both, and the way back of the one that still stands.
  await page.goto(`${base()}/customers/imports`)
  await expect(page.getByRole('row', { name: /second\.csv/ })).toContainText('Undone')
  const first = page.getByRole('row', { name: /first\.csv/ })
  await expect(first).toContainText('Done')
  await first.getByRole('button', { name: 'Undo the import of first.csv' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Undo this import' }).click()
  await expect(first).toContainText('Undone')
  await page.goto(`${base()}/customers?q=undo.example`)
  await expect(page.getByText('No customer matches')).toBeVisible()
})
