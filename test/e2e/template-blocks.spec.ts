import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { base, signIn } from './session.ts'

test('an email is built of blocks by keyboard, seen as a customer gets it, and changed as code', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/settings/templates`)
  await page.getByRole('link', { name: 'Goes well together', exact: true }).click()
  const blocks = page.getByRole('list', { name: 'Blocks' })
  await expect(blocks.getByRole('listitem').first()).toContainText('Heading')
  const count = await blocks.getByRole('listitem').count()
  const frame = page.frameLocator('iframe[title^="Preview of"]')

  // Words, and the plain text that follows them.
  await page.getByLabel('Heading', { exact: true }).fill('Two & **two** <b>')
  await expect(frame.getByRole('heading', { level: 1 })).toHaveText('Two & two <b>')
  await expect(page.getByLabel('Plain text')).toHaveValue(/Two & two <b>/)

  // By keyboard: down with Alt and arrow, the focus goes along.
  const heading = blocks.getByRole('button', { name: /^Heading/ })
  await heading.focus()
  await page.keyboard.press('Alt+ArrowDown')
  await expect(blocks.getByRole('listitem').nth(1)).toContainText('Heading')
  await expect(blocks.getByRole('button', { name: /^Heading/ })).toBeFocused()
  await page.keyboard.press('Alt+ArrowUp')
  await expect(blocks.getByRole('listitem').first()).toContainText('Heading')

  await page.getByRole('button', { name: 'Add a block' }).click()
  await page.getByRole('menuitem', { name: /^Image/ }).click()
  await expect(blocks.getByRole('listitem')).toHaveCount(count + 1)
  await page.getByLabel('Address of the picture').fill('https://shop.example.com/shelf.jpg')
  await page.getByLabel('What is on it').fill('Our shelf')
  await expect(frame.getByAltText('Our shelf')).toBeAttached()
  await page.getByRole('button', { name: 'Remove Image 2' }).click()
  await expect(blocks.getByRole('listitem')).toHaveCount(count)
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(blocks.getByRole('listitem')).toHaveCount(count + 1)

  // As somebody of the shop, in the dark, on a phone.
  await page.getByRole('button', { name: 'Another customer' }).click()
  const person = page.getByRole('list', { name: 'Customers found' }).getByRole('button').first()
  const name = (await person.innerText()).trim()
  await person.click()
  await expect(frame.getByText(new RegExp(`Hi ${name.split(' ')[0]}`))).toBeVisible()
  for (const view of ['Phone', 'Dark', 'Plain text', 'Page'])
    await page.getByRole('tab', { name: view, exact: true }).click()
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
    expect(violations.map((v) => `${theme} ${v.id} ${v.nodes[0]?.html}`)).toEqual([])
  }

  // Code: a fault is refused with its line, and what is no block is kept as code.
  await page.getByRole('tab', { name: 'Code' }).click()
  const editor = page.getByRole('textbox', { name: 'Body, MJML' })
  await expect(editor).toContainText('<mj-image')
  await editor.click()
  await page.keyboard.press('Control+Home')
  await page.keyboard.type('{% if x %}')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'Line' }).first()).toBeVisible()
  await page.keyboard.press('Control+z')
  await editor.click()
  await page.keyboard.press('Control+Home')
  for (let i = 0; i < 12; i++) await page.keyboard.press('Control+z')
  await page.getByRole('tab', { name: 'Blocks' }).click()
  await page.getByRole('button', { name: 'Discard changes' }).click()
  await expect(blocks.getByRole('listitem')).toHaveCount(count)
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled()
})

test('a new email begins with blocks, is written, saved and used', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/settings/templates`)
  await page.getByRole('button', { name: 'New email' }).click()
  const dialog = page.getByRole('dialog')
  const name = `Cider week ${Date.now() % 100_000}`
  await dialog.getByLabel('Name').fill(name)
  await dialog.getByRole('button', { name: 'Begin' }).click()
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
  await page.getByLabel('Heading', { exact: true }).fill('Cider is in')
  await page.getByLabel('Use it in new plans').check()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByText(/saved/)).toBeVisible()
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled()
  await page.reload()
  await expect(page.getByLabel('Heading', { exact: true })).toHaveValue('Cider is in')
  await expect(page.getByLabel('Plain text')).toHaveValue(/^Cider is in/)
})
