import { readFileSync } from 'node:fs'
import AxeBuilder from '@axe-core/playwright'
import { expect, test, type Page } from '@playwright/test'
import { apiOf, base, signIn } from './session.ts'

const tray = (page: Page) => page.getByRole('region', { name: 'Work in progress' })
const table = (page: Page) => page.getByRole('region', { name: 'Customers', exact: true })
/** "2,155 customers match" */
const matching = async (page: Page): Promise<number> => {
  const text = await page.getByText(/^[\d,]+ customers? match(es)?$/).innerText()
  return Number(text.replace(/\D/g, ''))
}
async function noFaults(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .setLegacyMode()
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze()
  expect(violations.map((v) => `${v.id}: ${v.nodes[0]?.html.slice(0, 160)}`)).toEqual([])
}

test('a filter becomes a view; everybody it finds is tagged in one go, and the tag is taken back', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/customers`)
  await expect(table(page).getByRole('row')).toHaveCount(26)

  // Filters open with a key, take several values, and stand in the address.
  await page.keyboard.press('f')
  await page.getByRole('button', { name: 'Churn risk: Any' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'High' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Medium' }).click()
  await page.keyboard.press('Escape')
  await expect(page).toHaveURL(/churn=high,medium/)
  await page.getByRole('button', { name: 'Filters (1)' }).click()
  const found = await matching(page)
  expect(found).toBeGreaterThan(100)

  // Two keys of order, the second with Shift; said to screen readers.
  await table(page).getByRole('button', { name: 'Segment', exact: true }).click()
  await table(page)
    .getByRole('button', { name: 'Spent', exact: true })
    .click({ modifiers: ['Shift'] })
  await expect(page).toHaveURL(/sort=rfm_segment,-total_spent/)
  await expect(table(page).getByRole('columnheader', { name: /Segment/ })).toHaveAttribute('aria-sort', 'ascending')
  await expect(table(page).getByRole('columnheader', { name: /Spent/ })).toHaveAttribute('aria-sort', 'descending')

  await page.getByRole('button', { name: 'Save view' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Slipping away')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  const views = page.getByRole('navigation', { name: 'Saved views' })
  await expect(views.getByRole('button', { name: `Slipping away ${found.toLocaleString('en-US')}` })).toBeVisible()
  await views.getByRole('button', { name: 'Everybody' }).click()
  await expect(page).not.toHaveURL(/churn/)
  await page.reload()
  await views.getByRole('button', { name: /^Slipping away/ }).click()
  await expect(page).toHaveURL(/churn=high,medium/)
  await expect(page).toHaveURL(/sort=rfm_segment,-total_spent/)
  expect(await matching(page)).toBe(found)

  // By keyboard: two rows down, chosen; Escape chooses nothing again.
  await table(page).getByRole('row').nth(1).waitFor()
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await page.keyboard.press('j')
  await page.keyboard.press('x')
  await expect(table(page).getByText('2 selected')).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(table(page).getByText('2 selected')).toBeHidden()

  const many = found.toLocaleString('en-US')
  await table(page).getByRole('checkbox', { name: 'Select all on this page' }).check()
  await table(page)
    .getByRole('button', { name: `Select all ${many} that match` })
    .click()
  await noFaults(page)
  await table(page).getByRole('button', { name: 'Tag', exact: true }).click()
  await page.getByRole('dialog').getByLabel('Tag', { exact: true }).fill('Win back')
  await noFaults(page)
  await page.getByRole('dialog').getByRole('button', { name: 'Tag', exact: true }).click()
  await expect(tray(page).getByText(`Tagged ${many} customers`)).toBeVisible({ timeout: 30_000 })

  // The tray goes along to another page of the app, and the undo with it.
  await page.getByRole('button', { name: 'More about customers' }).click()
  await page.getByRole('menuitem', { name: 'Tags' }).click()
  const tagged = page.getByRole('listitem').filter({ hasText: '#win back' })
  await expect(tagged).toContainText(many)
  await tray(page).getByRole('button', { name: 'Undo' }).click()
  await expect(tray(page).getByText(`Taken back for ${many} customers`)).toBeVisible({ timeout: 30_000 })
  await expect(tagged).toBeHidden()

  // A view is removed with an undo too; the customers stay.
  await page.goBack()
  await page.getByRole('button', { name: 'This view: Slipping away' }).click()
  await page.getByRole('menuitem', { name: 'Remove view' }).click()
  await expect(views.getByRole('button', { name: /^Slipping away/ })).toBeHidden()
  await page.getByRole('button', { name: 'Undo' }).click()
  await expect(views.getByRole('button', { name: /^Slipping away/ })).toBeVisible()
})

test('the list is taken out as a file that equals it, and made a segment', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/customers?churn=high&night=yes`)
  await expect(table(page).getByRole('row').nth(1)).toBeVisible()
  const found = await matching(page)
  const first = await table(page).getByRole('row').nth(1).getByRole('button').innerText()
  await page.getByRole('button', { name: 'More about customers' }).click()
  await page.getByRole('menuitem', { name: 'Export this list' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click()
  await expect(page.getByText('Say what it is for; it is kept in the audit trail.')).toBeVisible()
  await page.getByLabel('What is it for?').fill('Postcards')
  await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click()
  const downloading = page.waitForEvent('download')
  await tray(page).getByRole('button', { name: 'Download' }).click({ timeout: 30_000 })
  const lines = readFileSync((await (await downloading).path())!, 'utf8')
    .trimEnd()
    .split('\r\n')
  expect(lines).toHaveLength(found + 1)
  expect(lines[0]).toBe(
    '\uFEFFname,clv_score,rfm_segment,churn_risk,total_spent,purchase_frequency,last_purchase_at,primary_category,email_consent',
  )
  expect(lines[1]).toContain(first)

  await page.getByRole('button', { name: 'Make a segment' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Night owls on the way out')
  await page.getByRole('dialog').getByRole('button', { name: 'Make the segment' }).click()
  await page.getByRole('button', { name: 'Open it' }).click()
  await expect(page.getByText('churn risk is high and is a night buyer').first()).toBeVisible()

  // A search is no rule, and says so.
  await page.goto(`${base()}/customers?q=maya`)
  await page.getByRole('button', { name: 'Make a segment' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Mayas')
  await page.getByRole('dialog').getByRole('button', { name: 'Make the segment' }).click()
  await expect(page.getByText(/A search text is no rule/)).toBeVisible()
})

test('columns and their order follow the user to another browser', async ({ page, browser }) => {
  await signIn(page)
  await page.goto(`${base()}/customers`)
  const headings = (on: Page) => table(on).getByRole('columnheader').allInnerTexts()
  await expect(table(page).getByRole('row')).toHaveCount(26)
  await page.getByRole('button', { name: 'View', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Columns and their order' }).click()
  await page.getByRole('checkbox', { name: 'State' }).check()
  await page.getByRole('checkbox', { name: 'Churn' }).uncheck()
  for (let i = 0; i < 6; i++) await page.getByRole('button', { name: 'Move State to the left' }).click()
  await page.getByRole('button', { name: 'Done' }).click()
  await expect
    .poll(() => headings(page).then((h) => h.slice(1, 5)))
    .toEqual(['Customer', 'Value, 12 mo.', 'State', 'Segment'])
  await page.waitForTimeout(1000)
  const elsewhere = await browser.newPage()
  await signIn(elsewhere)
  await elsewhere.goto(`${base()}/customers`)
  await expect
    .poll(() => headings(elsewhere).then((h) => h.slice(1, 5)))
    .toEqual(['Customer', 'Value, 12 mo.', 'State', 'Segment'])
  await elsewhere.close()
  await page.getByRole('button', { name: 'View', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Columns and their order' }).click()
  await page.getByRole('button', { name: 'As it was' }).click()
  await page.getByRole('button', { name: 'Done' }).click()
  await page.waitForTimeout(1000)
})

test('two records of one person are found, merged, and made two again', async ({ page, request }) => {
  const api = await apiOf(request)
  const one = await api.post('/customers', {
    name: 'Ines Quintero',
    zip: '60601',
    email: 'ines@quintero.example',
    external_id: 'Q-1',
  })
  const other = await api.post('/customers', {
    name: 'Quintero, Ines',
    zip: '60601',
    phone: '+13125550188',
    external_id: 'Q-2',
    tags: ['tasting'],
  })
  await signIn(page)
  await page.goto(`${base()}/customers/${one.id}`)
  await expect(page.getByText('Another customer seems to be the same person: same name and ZIP.')).toBeVisible()
  await page.getByRole('button', { name: 'Compare' }).click()
  await page
    .getByRole('list', { name: 'Customers to choose from' })
    .getByRole('button', { name: /Quintero, Ines/ })
    .click()
  await page.getByRole('group', { name: 'Customer number' }).getByRole('radio').nth(1).check()
  await noFaults(page)
  await page.getByRole('button', { name: 'Merge', exact: true }).click()
  await expect(page.getByText('Merged. It can be taken back for seven days.')).toBeVisible()
  await expect(page.getByText('+13125550188')).toBeVisible()
  await expect(page.getByText('#tasting')).toBeVisible()
  await expect(page.getByText('Q-2')).toBeVisible()
  await page.goto(`${base()}/customers/${other.id}`)
  await page.getByRole('link', { name: 'Open the customer that was kept' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Ines Quintero' })).toBeVisible()
  await page.getByRole('region', { name: 'Merged with' }).getByRole('button', { name: 'Take it back' }).click()
  await expect(page.getByText('Two customers again')).toBeVisible()
  await expect(page.getByText('+13125550188')).toBeHidden()
  await page.goto(`${base()}/customers/${other.id}`)
  await expect(page.getByRole('heading', { level: 1, name: 'Quintero, Ines' })).toBeVisible()
  await expect(page.getByText('#tasting')).toBeVisible()

  // Erasing says what goes and what stays, and cannot be undone.
  await page.getByRole('button', { name: 'More', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Erase for good' }).click()
  await page.getByRole('button', { name: 'Erase Quintero, Ines' }).click()
  await expect(page.getByText('This person was erased')).toBeVisible()
  await expect(page.getByText('+13125550188')).toBeHidden()
  await page.goto(`${base()}/customers/do-not-contact`)
  await page.getByLabel('Email or phone').fill('(312) 555-0188')
  await page.getByRole('button', { name: 'Look up' }).click()
  await expect(page.getByText('(312) 555-0188: Erased, Texts')).toBeVisible()
})
