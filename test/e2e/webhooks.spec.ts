import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { signStandard } from '#server/webhooks/sign.ts'
import { base, seeded, signIn } from './session.ts'

test('a program is told of what happens, signed; the bell rings; a post is played again', async ({ page }) => {
  const got: { id: string; at: string; signature: string; body: string }[] = []
  const receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const header = (name: string): string => String(request.headers[name])
      got.push({
        id: header('webhook-id'),
        at: header('webhook-timestamp'),
        signature: header('webhook-signature'),
        body,
      })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((done) => void receiver.listen(0, '127.0.0.1', done))
  try {
    await signIn(page)
    await page.goto(`${base()}/settings/webhooks`)
    await page.getByRole('button', { name: 'New webhook' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Add the webhook' }).click()
    await expect(dialog.getByText('Choose at least one.')).toBeVisible()
    await dialog.getByLabel('Name').fill('Loyalty')
    await dialog.getByLabel('Address').fill('https://169.254.169.254/latest')
    await dialog.getByRole('checkbox', { name: 'Campaigns' }).check()
    await dialog.getByRole('checkbox', { name: 'Notices' }).check()
    await dialog.getByRole('button', { name: 'Add the webhook' }).click()
    await expect(dialog.getByText('This address belongs to the machine’s own services.')).toBeVisible()
    await dialog.getByLabel('Address').fill(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`)
    await dialog.getByRole('button', { name: 'Add the webhook' }).click()
    const secret = seeded(await dialog.getByLabel('Secret', { exact: true }).inputValue())
    expect(secret).toMatch(/^whsec_/)
    await dialog.getByRole('button', { name: 'I have stored it' }).click()
    await page.getByRole('link', { name: 'Loyalty' }).click()
    await page.getByRole('button', { name: 'Send a test' }).click()
    await expect(page.getByText('The test was taken (204)')).toBeVisible()
    expect(got[0]!.signature).toBe(signStandard(secret, got[0]!.id, Number(got[0]!.at), got[0]!.body))

    // An import ends: a notice under the bell, and a post.
    const address = page.url()
    await page.goto(`${base()}/customers/import`)
    await expect(page.getByText('Chicago time')).toBeVisible()
    await page.locator('#import-file').setInputFiles({
      name: 'corner.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`email,name\nnotice-${Date.now()}@example.com,Nora Notice\n`),
    })
    await page.getByRole('button', { name: 'Check the file' }).click()
    await page.getByRole('button', { name: 'Import 1 row' }).click()
    await expect(page.getByText('Imported corner.csv')).toBeVisible()
    const bell = page.getByRole('button', { name: /notices? to read/ })
    await expect(bell).toBeVisible({ timeout: 30_000 })
    await bell.click()
    const drawer = page.getByRole('dialog')
    await expect(drawer.getByText(/Import of corner\.csv: 1 new/)).toBeVisible()
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map((v) => v.id)).toEqual([])
    await drawer.getByRole('button', { name: 'Mark all as read' }).click()
    await expect(page.getByRole('button', { name: 'Mark all as read' })).toBeHidden()
    await page.keyboard.press('Escape')

    await page.goto(address)
    const log = page.getByRole('region', { name: 'What was posted', exact: true })
    await expect(log.getByRole('row', { name: /notice\.created.*Taken/ }).first()).toBeVisible({ timeout: 20_000 })
    const before = got.length
    await log.getByRole('button', { name: 'notice.created' }).first().click()
    await expect(page.getByRole('dialog').getByText('import_done')).toBeVisible()
    await page.getByRole('button', { name: 'Post it again' }).click()
    await expect.poll(() => got.length, { timeout: 10_000 }).toBe(before + 1)
    expect(got.at(-1)!.id).toBe(got[1]!.id)

    await page.getByRole('button', { name: 'Switch off' }).click()
    await expect(page.getByText('Loyalty is off')).toBeVisible()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('button', { name: 'Remove Loyalty' }).click()
    await expect(page.getByText('Loyalty is removed')).toBeVisible()
  } finally {
    receiver.close()
  }
})
