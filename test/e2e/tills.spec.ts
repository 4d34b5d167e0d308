import { expect, test } from '@playwright/test'
import { post } from '#sim/tills/hook.ts'
import { wooHook, wooOrder, wooPing } from '#sim/tills/woo.ts'
import { base, seeded, signIn } from './session.ts'

test('a web shop is connected, its order arrives, and a broken one is played again', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/settings/tills`)
  await page.getByRole('button', { name: 'Connect', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'WooCommerce' }).check()
  await dialog.getByLabel('Name').fill('Wine club')
  await dialog.getByRole('button', { name: 'Go on' }).click()
  const address = await dialog.getByLabel('Address', { exact: true }).inputValue()
  const secret = seeded(await dialog.getByLabel('Secret', { exact: true }).inputValue())
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Wine club' })).toBeVisible()
  await expect(page.locator('body')).not.toContainText(secret)

  const lines = [{ id: 1, sku: 'E2E-1', title: 'London Dry Gin', cents: 2999, quantity: 2 }]
  // Another number in each run against the same server.
  const number = 1000 + (Date.now() % 1_000_000)
  const order = wooOrder(number, { lines, modified: '2026-11-11T10:00:00' })
  const send = (payload: object, deliveryId: string): Promise<number> =>
    post(address, wooHook(secret, 'order.created', payload, { deliveryId }))
  expect(await post(address, wooPing())).toBe(200)
  expect(await send(order, 'a')).toBe(200)
  expect(await send({ ...order, id: number + 1, currency: 'CAD' }, 'b')).toBe(200)
  expect(await post(address, wooHook('not the secret', 'order.created', order, { deliveryId: 'c' }))).toBe(401)

  const log = page.getByRole('region', { name: 'What it posted', exact: true })
  await expect(log.getByRole('row', { name: new RegExp(`order ${number}.*Done.*Order stored`) })).toBeVisible({
    timeout: 20_000,
  })
  const foreign = log.getByRole('row', { name: /The order is in CAD/ })
  await expect(foreign).toContainText('Needs a look')
  await foreign.getByRole('button', { name: /again/ }).click()
  await expect(page.getByText('It is worked on again')).toBeVisible()
  await page.getByLabel('Status').selectOption('Needs a look')
  await expect(page).toHaveURL(/status=parked/)

  // Paused, what arrives waits; disconnected, it is refused.
  await page.getByRole('button', { name: 'Pause' }).click()
  await expect(page.getByText('Paused: what arrives is kept and waits')).toBeVisible()
  await page.getByRole('button', { name: 'Disconnect', exact: true }).click()
  await page.getByRole('button', { name: 'Disconnect Wine club' }).click()
  await expect(page.getByText('Wine club is disconnected')).toBeVisible()
  await expect.poll(() => send(order, 'd'), { timeout: 10_000 }).toBe(404)
})

test('a key is made, shown once, works, and is dead when it is revoked', async ({ page, request }) => {
  await signIn(page)
  await page.goto(`${base()}/settings/api-keys`)
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  await expect(dialog.getByText('Write what the key is for.')).toBeVisible()
  await expect(dialog.getByText('Choose at least one.')).toBeVisible()
  await dialog.getByLabel('What it is for').fill('Stockroom')
  await dialog.getByLabel('Read orders').check()
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const key = await dialog.getByLabel('Key', { exact: true }).inputValue()
  await dialog.getByRole('button', { name: 'I have stored it' }).click()
  const ask = async (path: string): Promise<number> =>
    (await request.get(`${base()}/api/v1/${path}`, { headers: { authorization: `Bearer ${key}` } })).status()
  expect(await ask('orders')).toBe(200)
  expect(await ask('customers')).toBe(403)
  await page.reload()
  const row = page.getByRole('listitem').filter({ hasText: 'Stockroom' })
  await expect(row).toContainText('Last used')
  await expect(page.locator('body')).not.toContainText(key)
  await row.getByRole('button', { name: 'Revoke Stockroom' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke Stockroom' }).click()
  await expect(page.getByText('Stockroom is revoked')).toBeVisible()
  expect(await ask('orders')).toBe(401)
})
