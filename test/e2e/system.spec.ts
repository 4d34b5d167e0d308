import { expect, test } from '@playwright/test'
import { base, signIn } from './session.ts'

/** For looking at it: E2E_SHOTS names a folder. */
const shots = process.env['E2E_SHOTS']

test('an admin sees what runs and what waits, makes a backup, and moves its hour', async ({ page }) => {
  await signIn(page)
  await page.goto(`${base()}/settings/system`)
  await expect(page.getByRole('link', { name: 'System' })).toHaveAttribute('aria-current', 'page')
  await expect(page.getByRole('heading', { name: /as it should be|worth a look|to mend/ })).toBeVisible()
  await page.getByRole('button', { name: /Show .* fine/ }).click()
  await expect(page.getByText(/^PostgreSQL \d+.* answers in/)).toBeVisible()
  const processes = page.getByRole('region', { name: 'Processes' })
  await expect(processes.getByText('worker', { exact: true }).first()).toBeVisible()
  await expect(processes.getByText('API and UI').first()).toBeVisible()
  const duties = page.getByRole('region', { name: 'Duties' }).first()
  await duties.getByRole('button', { name: 'Show all' }).click()
  await expect(duties.getByRole('row', { name: /^Rollups/i })).toBeVisible()

  const backups = page.getByRole('region', { name: 'Backups' })
  await backups.getByRole('button', { name: 'Back up now' }).click()
  await expect(page.getByText('The backup is made, read back and checked.')).toBeVisible()
  // That of the night may stand beside it.
  await expect(backups.getByText('Checked').first()).toBeVisible()
  await backups.getByRole('button', { name: 'Schedule' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Keep').fill('0')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByText('Write a whole number from 1 to 90.')).toBeVisible()
  await dialog.getByLabel('Keep').fill('10')
  await dialog.getByLabel('At', { exact: true }).fill('04:15')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(backups.getByText('Every night at 04:15; the last 10 are kept.')).toBeVisible()
  if (!shots) return
  for (const width of [1440, 390])
    for (const theme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 1000 })
      await page.evaluate((dark) => document.documentElement.classList.toggle('dark', dark), theme === 'dark')
      await page.screenshot({ path: `${shots}/system-${width}-${theme}.png`, fullPage: true })
    }
})

test('a check that failed stands on top with what to do about it', async ({ page }) => {
  await signIn(page)
  await page.route('**/api/v1/system', async (route) => {
    const answer = await route.fetch()
    const status = await answer.json()
    status.checks.push({ check: 'data folder', level: 'bad', detail: '/data, 120 MB free: free some space' })
    status.processes = []
    status.duties = [{ ...status.duties[0], name: 'rollups', error: 'error: disk full', failures: 3 }]
    await route.fulfill({ json: status })
  })
  await page.goto(`${base()}/settings/system`)
  await expect(page.getByRole('heading', { name: 'One thing to mend' })).toBeVisible()
  await expect(page.getByText('/data, 120 MB free: free some space')).toBeVisible()
  await expect(page.getByText('No process has said anything yet')).toBeVisible()
  await expect(page.getByText('error: disk full')).toBeVisible()
})
