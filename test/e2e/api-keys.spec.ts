import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { base, seeded, signIn } from './session.ts'

test('a key gets quotas when it is made, shows what it used, and is changed later', async ({ page, request }) => {
  await signIn(page)
  await page.goto(`${base()}/settings/api-keys`)
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('What it is for').fill('Till at Elm Street')
  await expect(dialog.getByLabel('Requests a minute')).toHaveValue('600')
  await dialog.getByLabel('Requests a minute').fill('a few')
  await dialog.getByLabel('Requests a day').fill('1,000')
  await dialog.getByRole('checkbox', { name: /customers:read/ }).check()
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  await expect(dialog.getByText('Write a whole number.')).toBeVisible()
  await dialog.getByLabel('Requests a minute').fill('60001')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  // What the server refuses stands beside its field.
  await expect(dialog.getByText('At most 60,000.')).toBeVisible()
  await dialog.getByLabel('Requests a minute').fill('30')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const secret = seeded(await dialog.getByLabel('Key', { exact: true }).inputValue())
  await dialog.getByRole('button', { name: 'I have stored it' }).click()

  const headers = { authorization: `Bearer ${secret}` }
  for (let i = 0; i < 3; i++)
    expect((await request.get(`${base()}/api/v1/customers?page_size=1`, { headers })).status()).toBe(200)
  await page.reload()
  const row = page.getByRole('listitem').filter({ hasText: 'Till at Elm Street' })
  await expect(row).toContainText('3 of 1,000 requests today · up to 30 a minute')

  await row.getByRole('button', { name: 'Edit Till at Elm Street' }).click()
  await expect(dialog.getByLabel('Requests a day')).toHaveValue('1000')
  await dialog.getByLabel('Requests a day').fill('3')
  const { violations } = await new AxeBuilder({ page }).include('[role=dialog]').analyze()
  expect(violations.map((v) => v.id)).toEqual([])
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(row).toContainText('Used up until midnight UTC')
  const refused = await request.get(`${base()}/api/v1/customers?page_size=1`, { headers })
  expect(refused.status()).toBe(429)
  expect(refused.headers()['content-type']).toContain('application/problem+json')

  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 })
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    expect(over).toBeLessThanOrEqual(0)
    const shots = process.env['E2E_SHOTS']
    if (shots) await page.screenshot({ path: `${shots}/api-keys-${width}.png` })
  }
  await row.getByRole('button', { name: 'Edit Till at Elm Street' }).click()
  const shots = process.env['E2E_SHOTS']
  if (shots) await page.screenshot({ path: `${shots}/edit-key-390.png` })
  await dialog.getByLabel('Requests a day').fill('')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(row).toContainText(/\d requests today/)
  expect((await request.get(`${base()}/api/v1/customers?page_size=1`, { headers })).status()).toBe(200)
})
