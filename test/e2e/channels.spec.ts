import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { startMailgun, type MailgunSim } from '../../sim/providers/mailgun.ts'
import { apiOf, base, seeded, signIn } from './session.ts'

let mailgun: MailgunSim
test.beforeAll(async () => {
  mailgun = await startMailgun()
})
test.afterAll(async () => {
  await mailgun.close()
})

test('a shop connects a provider, tries it out, goes live, and goes back', async ({ page, request }) => {
  const api = await apiOf(request)
  await signIn(page)
  await page.goto(`${base()}/settings/channels`)
  const emails = page.getByRole('region', { name: 'Providers of email' })
  await expect(emails).toContainText('No provider yet')

  await test.step('the form is that of the kind; what is wrong stands beside its field', async () => {
    await emails.getByRole('button', { name: 'Add a provider' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Kind').selectOption('mailgun')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog.getByText('Needed.')).toHaveCount(2)
    await dialog.getByLabel('Sending domain').fill('not a domain')
    await dialog.getByLabel('API key').fill(seeded(mailgun.apiKey))
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog.getByText('Write a domain like mail.shop.com.')).toBeVisible()
    await dialog.getByLabel('Sending domain').fill(mailgun.domain)
    await dialog.getByText('Advanced').click()
    await dialog.getByLabel('Other address').fill(mailgun.url)
    await dialog.getByText('What comes back (webhook)').click()
    await dialog.getByLabel('HTTP webhook signing key').fill(mailgun.signingKey)
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
    expect(violations.map((v) => v.id)).toEqual([])
    await dialog.getByRole('button', { name: 'Save' }).click()
    await expect(dialog).toBeHidden()
  })
  await expect(emails).toContainText('Waits: sandbox')

  await test.step('keys went in and never come out; the webhook address is there to copy', async () => {
    await page.getByRole('button', { name: 'Settings of Mailgun' }).click()
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByLabel('API key')).toHaveValue('')
    await expect(dialog.getByText('One is stored. Empty: it stays.').first()).toBeVisible()
    await dialog.getByText('What comes back (webhook)').click()
    mailgun.hooks.settings.url = await dialog.locator('code').first().innerText()
    expect(mailgun.hooks.settings.url).toContain('/hooks/providers/mailgun/')
    await page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()
  })

  await test.step('a test message leaves through it alone, while the channel is still in the sandbox', async () => {
    await page.getByLabel('Through', { exact: true }).selectOption({ label: 'Only Mailgun' })
    await page.getByLabel('To this address').fill('owner@example.com')
    await page.getByRole('button', { name: 'Send test' }).click()
    await expect(page.getByText('Accepted by mailgun')).toBeVisible()
    expect(mailgun.taken.map((m) => m.to)).toEqual(['owner@example.com'])
  })

  await test.step('its report is heard', async () => {
    await expect(async () => {
      await page.reload()
      await expect(emails).toContainText('Last report', { timeout: 1000 })
    }).toPass()
  })

  await test.step('live is one choice, and the mark of the sandbox goes', async () => {
    const panel = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Email', exact: true }) })
    await expect(page.getByText('Sandbox mode')).toBeVisible()
    await panel.getByLabel('Messages go to').selectOption('live')
    await panel.getByRole('button', { name: 'Save' }).click()
    await expect(emails).toContainText('In use')
    await expect(page.getByText('Sandbox mode')).toBeHidden()
    await page.getByRole('button', { name: 'Remove Mailgun' }).click()
    await page
      .getByRole('alertdialog')
      .or(page.getByRole('dialog'))
      .getByRole('button', { name: 'Remove Mailgun' })
      .click()
    await expect(page.getByText('It is the only provider of a live channel').first()).toBeVisible()
    await panel.getByLabel('Messages go to').selectOption('sandbox')
    await panel.getByRole('button', { name: 'Save' }).click()
    await expect(emails).toContainText('Waits: sandbox')
    await page.getByRole('button', { name: 'Remove Mailgun' }).click()
    await page
      .getByRole('alertdialog')
      .or(page.getByRole('dialog'))
      .getByRole('button', { name: 'Remove Mailgun' })
      .click()
    await expect(emails).toContainText('No provider yet')
  })
  expect((await api.get('/settings/channels')).providers).toEqual([])
})
