import { readFile } from 'node:fs/promises'
import { expect, test, type Page } from '@playwright/test'
import { apiOf, base, signIn } from './session.ts'

const open = async (page: Page, path: string): Promise<void> => {
  await page.goto(base() + path)
  await expect(page.locator('h1')).toBeVisible()
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0)
}
const saved = async (page: Page, press: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> => {
  const [file] = await Promise.all([page.waitForEvent('download'), press()])
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) }
}

test('charts and maps are read by arrow keys, as tables, and taken away as CSV and PNG', async ({ page }) => {
  await signIn(page)
  await open(page, '/analytics')
  const chart = page.getByRole('slider', { name: /Revenue by day/ })
  await chart.focus()
  await page.keyboard.press('ArrowRight')
  await expect(chart).toHaveAttribute('aria-valuetext', /This period \$/)
  await page.keyboard.press('End')
  await expect(chart).toHaveAttribute('aria-valuenow', '29')
  const figure = page.locator('figure').first()
  const picture = await saved(page, () => figure.getByRole('button', { name: /as a picture/ }).click())
  expect(picture.name).toBe('revenue-by-day.png')
  expect(picture.bytes.subarray(1, 4).toString()).toBe('PNG')
  expect(picture.bytes.length).toBeGreaterThan(8000)
  const csv = await saved(page, () => figure.getByRole('button', { name: /as CSV/ }).click())
  expect(csv.bytes.toString().trim().split('\r\n')).toHaveLength(31)
  await figure.getByRole('button', { name: 'Show as table' }).click()
  await expect(figure.getByRole('row')).toHaveCount(31)

  await open(page, '/analytics?tab=customers')
  const grid = page.getByRole('grid', { name: 'Customers who bought again' })
  await grid.locator('[data-cell="0:0"]').focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowDown')
  await expect(grid.locator('[data-cell="1:1"]')).toBeFocused()
  await expect(page.getByText(/^First bought in .* bought 1 month later/)).toBeVisible()
  const cohorts = await saved(page, () =>
    page.getByRole('button', { name: 'Save Customers who bought again as a picture' }).click(),
  )
  expect(cohorts.bytes.subarray(1, 4).toString()).toBe('PNG')
})

test('the days chosen hold for every panel, survive a reload, and are those of the exported file', async ({
  page,
  request,
}) => {
  await signIn(page)
  await open(page, '/analytics?period=90d&compare=year')
  const api = await apiOf(request)
  const { kpis } = await api.get('/analytics/overview?period=90d&compare=year')
  const orders = kpis.find((k: { id: string }) => k.id === 'orders')
  const row = page.getByRole('row', { name: /^Orders/ })
  await expect(row).toContainText(orders.value.toLocaleString('en-US'))
  await expect(page.getByText(/a year before \(52 weeks\), same weekdays/)).toBeVisible()
  await page.getByRole('button', { name: 'Orders', exact: true }).click()
  await expect(page.getByText('Orders by day')).toBeVisible()
  await page.reload()
  await expect(page.getByText('Orders by day')).toBeVisible()
  await page.getByRole('button', { name: 'Export' }).click()
  const file = await saved(page, () => page.getByRole('menuitem', { name: 'Figures as CSV' }).click())
  expect(file.name).toBe('overview-90d.csv')
  expect(file.bytes.toString()).toContain(`Orders,count,${orders.value},${orders.previous},`)
})

test('a customer about to leave is put into win-back, and taken out again by Undo', async ({ page, request }) => {
  await signIn(page)
  await open(page, '/analytics?tab=customers')
  const add = page.getByRole('button', { name: /^Add .* to win-back/ }).first()
  const name = (await add.getAttribute('aria-label'))!.replace(/^Add | to win-back$/g, '')
  await add.click()
  await expect(page.getByText(`${name} is in “Win-back”`)).toBeVisible()
  await expect(page.getByText('In win-back')).toHaveCount(1)
  const api = await apiOf(request)
  const { data } = await api.get('/segments?q=Win-back')
  expect(data).toMatchObject([{ name: 'Win-back', kind: 'rule' }])
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(page.getByText('In win-back')).toHaveCount(0)
})

test('a test is made by keyboard: versions, the weeks it takes, and its place in the campaign', async ({ page }) => {
  await signIn(page)
  await open(page, '/experiments/new')
  await expect(page.getByText(/^Each version needs about|^One week is enough/)).toBeVisible()
  await page.getByRole('button', { name: 'Make the test' }).click()
  await expect(page.getByText(/This is the same as version A/)).toBeVisible()
  await page.getByRole('textbox', { name: 'Subject' }).nth(1).fill('Picks for {{ first_name }}')
  await page.getByRole('textbox', { name: 'Version B' }).fill('With a name')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: 'Subject test' })).toBeVisible()
  await expect(page.getByText('It begins when the campaign starts.', { exact: true })).toBeVisible()
  await page
    .locator('main')
    .getByRole('link', { name: /^Week of/ })
    .click()
  await expect(page.getByRole('link', { name: 'Subject test' })).toBeVisible()
})
