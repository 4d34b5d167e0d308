import { expect, test } from '@playwright/test'
import { apiOf, base, signIn } from './session.ts'

const tag = Date.now().toString(36)
const importFile = [
  'Email Address,First Name,State,Zip,Age verified,Accepts email marketing,Consent source,Consent date',
  ...Array.from(
    { length: 20 },
    (_, i) => `walk${tag}-${i}@example.com,Walk,NY,12207,yes,yes,till form,2026-01-0${1 + (i % 9)}`,
  ),
  'not-an-address,Bad,NY,12207,yes,yes,till form,2026-01-01',
  'walk99@example.com,Bad,NY,12207,yes,yes,till form,the 5th of May',
].join('\n')

// One customer's whole way: from a file into the shop, into a plan, out as a message, back as an answer.
test('import, plan, approve, start, watch it live, read a message, unsubscribe, and the next plan leaves them out', async ({
  page,
  request,
}) => {
  const api = await apiOf(request)
  // The test runs at any hour, so the shop's own window is the whole day.
  const limits = await api.get('/settings/limits')
  await api.patch('/settings/limits', { ...limits, email_window: { start: '00:00', end: '24:00' } })
  await signIn(page)

  await test.step('a file with bad rows is imported: the good rows are in, the bad ones are listed', async () => {
    await page.goto(`${base()}/customers/import`)
    await page.locator('input[type=file]').setInputFiles({
      name: 'till-export.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(importFile),
    })
    await page.getByRole('button', { name: 'Check the file' }).click()
    await expect(page.getByText('Nothing is stored yet.')).toBeVisible()
    await page.getByRole('button', { name: /^Import 20 rows|^Import 21 rows/ }).click()
    await expect(page.getByText('Imported till-export.csv')).toBeVisible()
    await expect(page.getByText('This is not an email address like name@example.com.')).toBeVisible()
    await page.goto(`${base()}/customers?q=walk${tag}-7@`)
    await expect(page.getByText('1 customer matches')).toBeVisible()
  })

  let campaign = ''
  await test.step('a week is planned, with a reason for every entry and every refusal', async () => {
    await page.goto(`${base()}/campaigns/new`)
    await page.getByLabel('Name').fill('The walk')
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'The walk' })).toBeVisible({ timeout: 60_000 })
    campaign = page.url().split('/').at(-1)!.split('?')[0]!
    const entry = page.getByRole('button', { name: /customers/ }).first()
    await entry.click()
    await expect(page.getByRole('dialog')).toContainText('Who does not get it')
    await page.keyboard.press('Escape')
  })

  await test.step('it is approved and started, and the progress moves by itself', async () => {
    await page.getByRole('button', { name: 'Approve the plan' }).click()
    await page.getByRole('button', { name: /^Start: / }).click()
    await page.getByRole('radio', { name: 'Now' }).check()
    await page.getByRole('button', { name: 'Send now' }).click()
    // Nothing has left yet: the start can be taken back for a minute.
    await page.getByRole('button', { name: 'Do not wait' }).click()
    const done = page.getByRole('region', { name: 'Progress' }).locator('.ticket')
    const figure = async (): Promise<number> => Number((await done.innerText()).replaceAll(',', ''))
    await expect(done).toBeVisible({ timeout: 30_000 })
    // Nobody reloads the page. All that is due may have left before it is looked at a second time.
    await expect.poll(figure, { timeout: 60_000 }).toBeGreaterThan(100)
  })

  let recipient = ''
  let customer = ''
  let message = { id: '', send_id: '' }
  await test.step('the mailbox shows what the customer sees, and the link leads to the shop', async () => {
    const { data } = await api.get(`/sandbox/messages?page_size=1`)
    ;[message] = data
    recipient = data[0].recipient
    await page.goto(`${base()}/mailbox?id=${message.id}`)
    const mail = page.frameLocator('iframe').first()
    await expect(mail.getByText('Unsubscribe').first()).toBeVisible()
    await expect(mail.getByText(/21/).first()).toBeVisible()
    const link = mail.locator('a[href*="/t/c/"]').first()
    const clicked = await request.get((await link.getAttribute('href'))!, {
      maxRedirects: 0,
      headers: {
        'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130 Safari/537.36',
      },
    })
    expect(clicked.status()).toBe(302)
    const events = async (): Promise<string[]> =>
      (await api.get(`/sends/${message.send_id}/events`)).data.map((e: { event_type: string }) => e.event_type)
    await expect.poll(events).toContain('click')
  })

  await test.step('one press unsubscribes, and the customer page says why nobody may write', async () => {
    const href = await page.frameLocator('iframe').first().locator('a[href*="/u/"]').first().getAttribute('href')
    await page.goto(href!)
    await page.getByRole('button', { name: /unsubscribe/i }).click()
    await expect(page.getByText(/no longer|unsubscribed/i).first()).toBeVisible()
    const { data } = await api.get(`/customers?q=${encodeURIComponent(recipient)}`)
    customer = data[0].id
    await page.goto(`${base()}/customers/${customer}`)
    await expect(page.getByText('The customer unsubscribed.')).toBeVisible()
  })

  await test.step('the next plan leaves them out', async () => {
    await page.goto(`${base()}/campaigns/new`)
    await page.getByLabel('Name').fill('After the walk')
    await page.getByLabel('Which week?').selectOption({ index: 3 })
    await page.getByRole('button', { name: 'Make the plan' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'After the walk' })).toBeVisible({ timeout: 60_000 })
    const next = page.url().split('/').at(-1)!.split('?')[0]!
    expect(next).not.toBe(campaign)
    let cursor: string | null = ''
    const rows: { customer_id: string; status: string; refused_by: string | null }[] = []
    while (cursor !== null) {
      const page: { data: typeof rows; next_cursor: string | null } = await api.get(
        `/campaigns/${next}/recipients?page_size=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
      )
      rows.push(...page.data)
      cursor = page.next_cursor
    }
    expect(rows.filter((r) => r.status === 'pending').length).toBeGreaterThan(100)
    const theirs = rows.filter((r) => r.customer_id === customer)
    expect(theirs.filter((r) => r.status === 'pending')).toEqual([])
  })
})
