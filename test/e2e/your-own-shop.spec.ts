import { expect, test } from '@playwright/test'
import { apiOf, base, signIn } from './session.ts'

// Runs last: it empties the shop.
test('the demo is removed in one press, and a real shop is set up step by step', async ({ page, request }) => {
  const api = await apiOf(request)
  await signIn(page)
  await page.getByRole('button', { name: 'Remove demo data' }).click()
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Remove/ })
    .click()
  await expect(page.getByText('Demo data')).toHaveCount(0)
  expect((await api.get('/customers?is_demo=true')).total).toBe(0)
  expect(await api.get('/demo')).toMatchObject({ present: false, customers: 0, orders: 0, campaigns: 0 })

  await page.goto(base())
  await page.getByRole('link', { name: 'Name the shop and give its address' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible()
  await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Stores' }).click()
  await page.getByRole('button', { name: 'Add a store' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('Name customers know').fill('Elm Street Wines')
  await form.getByLabel('Name on the licence').fill('Elm Street Wines LLC')
  await form.getByLabel('Street and number').fill('1 Elm St')
  await form.getByLabel('City').fill('Albany')
  await form.getByLabel('State').fill('NY')
  await form.getByLabel('ZIP code').fill('nine')
  await form.getByLabel('Time zone').fill('America/New_York')
  await form.getByRole('button', { name: 'Save' }).click()
  // What the server refuses stands beside its field, and nothing typed is lost.
  await expect(form.getByText('Use five digits, like 62701.')).toBeVisible()
  await form.getByLabel('ZIP code').fill('12207')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('1 Elm St, Albany, NY 12207')).toBeVisible()
})
