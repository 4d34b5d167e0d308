import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { base, signIn } from './session.ts'

test('a message that waits for something is described in one sentence, approved, started, paused and changed', async ({
  page,
}) => {
  await signIn(page)
  await page.goto(`${base()}/campaigns/automatic`)
  await page.getByRole('button', { name: 'Make the draft' }).click()
  await expect(page.getByText('Give it a name.')).toBeVisible()
  await page.getByRole('textbox', { name: 'Name' }).fill('Long quiet')
  await page.getByRole('radio', { name: /Nothing bought for a while/ }).check()
  await page.getByRole('spinbutton', { name: 'Days without an order' }).fill('90')
  await page.getByRole('combobox', { name: 'Template' }).selectOption({ index: 1 })
  const offer = page.getByRole('combobox', { name: 'Offer' })
  const first = await offer.locator('option:not([disabled])').nth(1).getAttribute('value')
  await offer.selectOption(first)
  await expect(
    page.getByText(/^90 days after the last order, as soon as the window is open, unless they have ordered/),
  ).toBeVisible()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
  await page.getByRole('button', { name: 'Make the draft' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Long quiet' })).toBeVisible()
  await expect(page.getByText(/In the last 30 days this happened to/)).toBeVisible()
  await page.getByRole('button', { name: 'Approve the message' }).click()
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('button', { name: 'Change' }).click()
  await page.getByRole('spinbutton', { name: 'Wait' }).fill('48')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText(/^90 days after the last order, 2 days later, unless/)).toBeVisible()
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([])
})
