import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { generateSync } from 'otplib'
import { base, signIn } from './session.ts'

/** For looking at them: E2E_SHOTS names a folder. */
async function look(page: Page, name: string): Promise<void> {
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0)
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect(violations.map((v) => `${v.id}: ${v.nodes[0]?.html ?? ''}`)).toEqual([])
  const folder = process.env['E2E_SHOTS']
  if (!folder) return
  for (const width of [1440, 390])
    for (const theme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 1000 })
      await page.evaluate((dark) => document.documentElement.classList.toggle('dark', dark), theme === 'dark')
      await page.emulateMedia({ colorScheme: theme })
      await page.screenshot({ path: `${folder}/${name}-${width}-${theme}.png` })
    }
  await page.setViewportSize({ width: 1440, height: 1000 })
  await page.evaluate(() => document.documentElement.classList.remove('dark'))
}

test('an admin invites a manager, who joins by the link, adds a second factor, forgets the password, and is signed out', async ({
  page,
  browser,
}) => {
  await signIn(page)
  await page.goto(`${base()}/settings/people`)
  await page.getByRole('button', { name: 'Invite' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Email').fill('not an address')
  await dialog.getByRole('button', { name: 'Invite' }).click()
  await expect(dialog.getByText('Write an email address like')).toBeVisible()
  await dialog.getByLabel('Email').fill('mara@cornercellars.test')
  await dialog.getByLabel('Name').fill('Mara Lind')
  await dialog.getByRole('radio', { name: 'Manager' }).check()
  await look(page, 'invite')
  await dialog.getByRole('button', { name: 'Invite' }).click()
  await expect(page.getByRole('heading', { name: 'Mara Lind is invited' })).toBeVisible()
  const link = await page.getByRole('textbox', { name: 'Link' }).inputValue()
  await page.getByRole('button', { name: 'Done' }).click()
  await expect(page.getByText('Invited', { exact: true })).toBeVisible()
  await look(page, 'people')

  const other = await browser.newContext()
  const mara = await other.newPage()
  await mara.goto(link)
  await expect(mara.getByRole('heading', { name: /^Welcome to/ })).toBeVisible()
  await look(mara, 'welcome')
  await mara.getByLabel('New password').fill('passwordpassword')
  await mara.getByRole('button', { name: 'Join' }).click()
  await expect(mara.getByText('leak most often')).toBeVisible()
  await mara.getByLabel('New password').fill('seven socks in a drawer')
  await mara.getByRole('button', { name: 'Join' }).click()
  await mara.getByRole('button', { name: 'To the sign-in' }).click()
  await mara.getByLabel('Email').fill('mara@cornercellars.test')
  await mara.getByLabel('Password').fill('seven socks in a drawer')
  await mara.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(mara.getByRole('heading', { level: 1, name: 'This week' })).toBeVisible()

  await mara.goto(`${base()}/profile`)
  await look(mara, 'account')
  await mara.getByRole('button', { name: 'Add a second factor' }).click()
  await mara.getByLabel('Your password').fill('seven socks in a drawer')
  await mara.getByRole('button', { name: 'Go on' }).click()
  const secret = await mara.getByRole('textbox', { name: 'Or write this secret' }).inputValue()
  await expect(mara.getByRole('img', { name: 'QR code' })).toBeVisible()
  await look(mara, 'second-factor')
  await mara.getByLabel('Code of the app').fill(generateSync({ secret }))
  await mara.getByRole('button', { name: 'Switch it on' }).click()
  await expect(mara.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible()
  const code = await mara.getByRole('dialog').getByRole('listitem').first().innerText()
  await look(mara, 'recovery-codes')
  await mara.getByRole('button', { name: 'I have stored them' }).click()
  await expect(mara.getByText('On', { exact: true })).toBeVisible()

  const third = await (await browser.newContext()).newPage()
  await third.goto(base())
  await third.getByLabel('Email').fill('mara@cornercellars.test')
  await third.getByRole('button', { name: 'Forgot your password?' }).click()
  await look(third, 'forgot')
  await third.getByRole('button', { name: 'Mail me a link' }).click()
  await expect(third.getByText('Look into your mailbox')).toBeVisible()
  // The admin finds the mail in the sandbox mailbox.
  await page.goto(`${base()}/mailbox`)
  await page.getByText('A new password at').first().click()
  const body = page.frameLocator('iframe').first()
  const reset = await body.getByRole('link', { name: /welcome#/ }).innerText()
  await third.goto(reset)
  await third.getByLabel('New password').fill('a drawer of eight socks')
  await third.getByRole('button', { name: 'Save the new password' }).click()
  await third.getByRole('button', { name: 'To the sign-in' }).click()
  await third.getByLabel('Email').fill('mara@cornercellars.test')
  await third.getByLabel('Password').fill('a drawer of eight socks')
  await third.getByRole('button', { name: 'Sign in', exact: true }).click()
  await third.getByLabel('Code of your app').fill(code)
  await look(third, 'code')
  await third.getByRole('button', { name: 'Sign in', exact: true }).click()
  await expect(third.getByRole('heading', { level: 1, name: 'This week' })).toBeVisible()
  // The first browser was signed out by it.
  await mara.reload()
  await expect(mara.getByRole('heading', { name: 'Sign in' })).toBeVisible()

  await page.goto(`${base()}/settings/people`)
  await page.getByRole('button', { name: 'Actions for Mara Lind' }).click()
  await look(page, 'people-menu')
  await page.getByRole('menuitem', { name: 'Deactivate' }).click()
  await page.getByRole('button', { name: 'Deactivate Mara Lind' }).click()
  await expect(page.getByText('Show 1 person who left')).toBeVisible()
  await third.reload()
  await expect(third.getByRole('heading', { name: 'Sign in' })).toBeVisible()
  await third.goto(`${base()}/welcome#short`)
  await expect(third.getByText('This link does not open anything')).toBeVisible()
})
