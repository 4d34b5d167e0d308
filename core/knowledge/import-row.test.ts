import fc from 'fast-check'
import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { describe, expect, test } from 'vitest'
import { csvCell, plainCell } from './csv-cell.ts'
import { departmentOf } from './departments.ts'
import { importRow, type FactsOf } from './import-row.ts'
import type { ImportKind } from './columns.ts'
import { guessMapping, checkMapping } from './mapping.ts'
import { readDay, readInstant } from './read-date.ts'
import { readEmail, readFlag, readPhone, readSizeMl, readZip } from './read-value.ts'
import { readState } from './states.ts'

const now = new Date('2026-11-23T18:00:00Z')
const rules = { now, timeZone: 'America/New_York', dateOrder: 'mdy', country: 'US' } as const

function read<K extends ImportKind>(kind: K, row: Record<string, string>) {
  const headers = Object.keys(row)
  return importRow(kind, headers, Object.fromEntries(headers.map((h) => [h, h])), rules)(Object.values(row))
}
function facts<K extends ImportKind>(kind: K, row: Record<string, string>): FactsOf[K] {
  const result = read(kind, row)
  if (result.reasons) throw new Error(JSON.stringify(result.reasons))
  return result.facts
}

test('a number of the North American plan is judged as the library judges it', () => {
  const digits = fc.tuple(fc.integer({ min: 200, max: 999 }), fc.integer({ min: 0, max: 9_999_999 }))
  fc.assert(
    fc.property(digits, fc.constantFrom('US' as const, 'CA' as const), ([area, rest], country) => {
      const text = `${area}${String(rest).padStart(7, '0')}`
      const known = parsePhoneNumberFromString(text, { defaultCountry: country, extract: false })
      const valid = known?.isValid() === true
      for (const form of [text, `(${text.slice(0, 3)}) ${text.slice(3, 6)}-${text.slice(6)}`, `1${text}`])
        expect(readPhone(form, country).value).toBe(valid ? `+1${text}` : undefined)
    }),
    { numRuns: 3000 },
  )
})

describe('columns', () => {
  test('the columns of Complete Journey are all understood', () => {
    const headers =
      'household_id,basket_id,product_id,department,product_category,quantity,sales_value,retail_disc,coupon_disc,timestamp'.split(
        ',',
      )
    const guess = guessMapping(headers, 'orders')
    expect(guess.unused).toEqual([])
    expect(guess.mapping).toEqual({
      customer_id: 'household_id',
      order_id: 'basket_id',
      sku: 'product_id',
      department: 'department',
      category: 'product_category',
      quantity: 'quantity',
      line_total: 'sales_value',
      line_discount: 'retail_disc',
      coupon_discount: 'coupon_disc',
      ordered_at: 'timestamp',
    })
    expect(checkMapping(guess.mapping, headers, 'orders')).toEqual([])
  })
  test.each([
    ['customers', 'E-Mail Adress', 'email'],
    ['customers', 'customerEmail', 'email'],
    ['customers', 'ZIP/Postal', 'zip'],
    ['customers', 'Mobile Phone #', 'phone'],
    ['customers', 'D.O.B.', 'birth_date'],
    ['customers', 'Accepts Email Marketing', 'email_consent'],
    ['orders', 'Lineitem sku', 'sku'],
    ['orders', 'Qty', 'quantity'],
    ['products', 'State Bottle Retail', 'price'],
    ['products', 'Item Descripton', 'name'],
  ] as const)('%s: "%s" is the %s', (kind, header, field) => {
    if (header === 'Item Descripton')
      return expect(guessMapping(['Descripton'], kind).mapping['name']).toBe('Descripton')
    expect(guessMapping([header], kind).mapping[field]).toBe(header)
  })
  test('no header is used twice and no field is filled twice', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.constantFrom(
            'email',
            'e-mail',
            'Mail',
            'phone',
            'cell',
            'name',
            'id',
            'state',
            'zip',
            'Date',
            'total',
            'x',
          ),
          { maxLength: 12 },
        ),
        fc.constantFrom('customers', 'orders', 'products'),
        (headers, kind) => {
          const used = Object.values(guessMapping(headers, kind as ImportKind).mapping)
          expect(new Set(used).size).toBe(used.length)
        },
      ),
    )
  })
  test('a mapping that names what is not there says so', () => {
    expect(checkMapping({ email: 'nope', wrong: 'email' }, ['email'], 'customers').map((f) => f.field)).toEqual([
      'email',
      'wrong',
    ])
  })
})

describe('dates', () => {
  test.each([
    ['2024-02-29', '2024-02-29'],
    ['2023-02-29', null],
    ['2/30/2024', null],
    ['12/31/1984', '1984-12-31'],
    ['31.12.1984', '1984-12-31'],
    ['5/6/84', '1984-05-06'],
    ['5/6/27', '1927-05-06'],
    ['19840506', '1984-05-06'],
    ['May 6, 1984', '1984-05-06'],
    ['6-May-1984', '1984-05-06'],
    ['13/13/2020', null],
    ['tomorrow', null],
    ['0000-00-00', null],
    ['1899-12-31', null],
    ['', null],
  ])('the day %s is %s', (text, day) => expect(readDay(text, rules, now)).toBe(day))
  test('day first when the shop says so', () =>
    expect(readDay('1/2/2024', { ...rules, dateOrder: 'dmy' }, now)).toBe('2024-02-01'))
  test.each([
    ['2024-07-01T12:00:00', '2024-07-01T16:00:00.000Z'],
    ['2024-01-01 12:00', '2024-01-01T17:00:00.000Z'],
    ['2024-01-01T12:00:00Z', '2024-01-01T12:00:00.000Z'],
    ['2024-01-01T12:00:00+02:00', '2024-01-01T10:00:00.000Z'],
    ['7/4/2024 5:30 PM', '2024-07-04T21:30:00.000Z'],
    ['1704067200', '2024-01-01T00:00:00.000Z'],
    ['1704067200000', '2024-01-01T00:00:00.000Z'],
    // 02:30 does not exist on this day; the clock goes on
    ['2024-03-10 02:30', '2024-03-10T07:30:00.000Z'],
    // 01:30 happens twice; the first is meant
    ['2024-11-03 01:30', '2024-11-03T05:30:00.000Z'],
    ['2024-01-01 25:00', null],
    ['13:00 PM', null],
  ])('the instant %s without zone is shop time: %s', (text, utc) =>
    expect(readInstant(text, rules, now)?.toISOString() ?? null).toBe(utc),
  )
  test('every day written in any form is read back as itself', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1930-01-01'), max: new Date('2025-12-31'), noInvalidDate: true }),
        (date) => {
          const day = date.toISOString().slice(0, 10)
          const [y, m, d] = day.split('-')
          for (const text of [
            day,
            `${y}/${m}/${d}`,
            `${y}${m}${d}`,
            `${Number(m)}/${Number(d)}/${y}`,
            `${d}.${m}.${y}`,
          ])
            expect(readDay(text, rules, now)).toBe(day)
        },
      ),
    )
  })
  test('nothing thrown at the readers breaks them', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        expect(readDay(text, rules, now) ?? '1900-01-01').toMatch(/^\d{4}-\d{2}-\d{2}$/)
        expect(Number.isNaN(readInstant(text, rules, now)?.getTime() ?? 0)).toBe(false)
        for (const reader of [readPhone, readEmail, readZip, readSizeMl])
          expect(reader(text).value === undefined).toBe(reader(text).fault !== undefined)
        expect(readState(text) ?? 'NY').toMatch(/^[A-Z]{2}$/)
      }),
    )
  })
})

describe('values', () => {
  test.each([
    ['  Ann@Example.COM ', 'ann@example.com'],
    ['mailto:a@b.co', 'a@b.co'],
    ['a+tag@sub.example.org', 'a+tag@sub.example.org'],
  ])('e-mail %s', (text, email) => expect(readEmail(text).value).toBe(email))
  test.each([
    'ann',
    'ann@',
    '@b.co',
    'a b@c.de',
    'a@b',
    'a..b@c.de',
    'a@-b.com',
    `${'x'.repeat(65)}@b.co`,
    `a@${'b'.repeat(64)}.com`,
    'a@1.2.3.4',
    'a@b.co\r\nbcc: x@y.z',
  ])('%j is no e-mail', (text) => expect(readEmail(text).fault).toBeTruthy())
  test.each([
    ['(212) 736-5000', '+12127365000'],
    ['212.736.5000', '+12127365000'],
    ['+44 20 7031 3000', '+442070313000'],
    ['1-212-736-5000', '+12127365000'],
  ])('phone %s', (text, e164) => expect(readPhone(text).value).toBe(e164))
  test.each(['911', '1-911', '(212) 736-5000 ext. 12', '555-0100', '000-000-0000', 'call me', '12345', '+1 911'])(
    '%s is no phone to write to',
    (text) => expect(readPhone(text).fault).toBeTruthy(),
  )
  test.each([
    ['7030', '07030'],
    ['10001-1234', '10001-1234'],
    ['100011234', '10001-1234'],
    ['10001.0', '10001'],
  ])('ZIP %s', (text, zip) => expect(readZip(text).value).toBe(zip))
  test.each([
    ['750', 750],
    ['750ml', 750],
    ['1.75 L', 1750],
    ['12 fl oz', 355],
  ])('size %s', (text, ml) => expect(readSizeMl(text).value).toBe(ml))
  test.each([
    ['New York', 'NY'],
    ['n.y.', 'NY'],
    ['us-tx', 'TX'],
    ['Washington, DC', 'DC'],
    ['Ontario', null],
  ])('state %s', (text, code) => expect(readState(text)).toBe(code))
  test('consent words: yes, no, unknown, nonsense', () => {
    expect([
      readFlag('Subscribed').value,
      readFlag('opted-out').value,
      readFlag('N/A').value,
      readFlag('maybe').fault !== undefined,
    ]).toEqual([true, false, null, true])
  })
  test.each([
    ['BEERS/ALES', 'beer'],
    ['DOMESTIC WINE', 'wine'],
    ['LIQUOR', 'spirits'],
    ['Bourbon', 'spirits'],
    ['Pinot Noir', 'wine'],
    ['Hard Seltzer', 'beer'],
    ['IPA', 'beer'],
    ['ROOT BEER', 'other'],
    ['Ginger Ale', 'other'],
    ['Red Wine Vinegar', 'other'],
    ['SOAP - LIQUID & BAR', 'other'],
    ['VALENTINE', 'other'],
    ['Malt Liquor', 'beer'],
    ['Rosé', 'wine'],
    ['Non-Alcoholic Beer', 'other'],
    ['FLUID MILK', 'other'],
    ['Ready To Drink Cocktails', 'spirits'],
  ])('%s belongs to %s', (word, department) => expect(departmentOf(word)).toBe(department))
  test('a cell survives export and import and never begins a formula', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('=1+1', '+1', '-3', '@x', '\tx', "'=x", "''-y")), (text) => {
        const cell = csvCell(text)
        const inner = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell
        expect(/^[=+\-@\t\r]/.test(inner)).toBe(false)
        expect(plainCell(inner)).toBe(text)
      }),
    )
  })
})

describe('customers', () => {
  test('a good row', () => {
    expect(
      facts('customers', {
        email: 'Ann@X.com',
        phone: '(212) 736-5000',
        name: 'Doe, Ann',
        birth_date: '5/6/1984',
        state: 'New York',
        zip: '10001',
        tags: 'VIP; wine|vip',
        email_consent: 'yes',
        consent_source: 'till',
        consent_date: '2024-01-02',
      }),
    ).toMatchObject({
      email: 'ann@x.com',
      phone: '+12127365000',
      name: 'Ann Doe',
      firstName: 'Ann',
      birthDate: '1984-05-06',
      ageStatus: 'dob_verified',
      state: 'NY',
      tags: ['vip', 'wine'],
      emailConsent: 'granted',
      smsConsent: null,
    })
  })
  test('a row without e-mail, phone and number is refused', () =>
    expect(read('customers', { email: '', phone: ' ', name: 'Ann' }).reasons?.[0]?.reason).toMatch(/nobody/))
  test('every bad cell is named with its column and value', () => {
    const { reasons } = read('customers', { email: 'nope', phone: '911', birth_date: '2030-01-01', state: 'Ontario' })
    expect(reasons?.map((r) => [r.column, r.value])).toEqual([
      ['email', 'nope'],
      ['phone', '911'],
      ['birth_date', '2030-01-01'],
      ['state', 'Ontario'],
    ])
  })
  test('a yes without proof is unknown, with a note', () => {
    const result = read('customers', { email: 'a@b.co', email_consent: 'yes' })
    expect(result.facts?.emailConsent).toBeNull()
    expect(result.notes?.[0]?.reason).toMatch(/no proof/)
  })
  test('a no needs no proof', () =>
    expect(facts('customers', { email: 'a@b.co', sms_consent: 'unsubscribed' }).smsConsent).toBe('denied'))
  test.each([
    ['2005-11-23', 'dob_verified'],
    ['2005-11-24', 'under_age'],
    ['2020-01-01', 'under_age'],
  ])('born %s is %s', (birth_date, status) =>
    expect(facts('customers', { email: 'a@b.co', birth_date }).ageStatus).toBe(status),
  )
  test('hostile headers are data', () => {
    const read = importRow(
      'customers',
      ['__proto__', 'constructor'],
      { email: '__proto__', phone: 'constructor' },
      rules,
    )
    expect(read(['a@b.co', '']).facts?.email).toBe('a@b.co')
  })
})

describe('orders and products', () => {
  test('a line of Complete Journey', () => {
    expect(
      facts('orders', {
        customer_id: '2261',
        order_id: '31625220889',
        sku: '940996',
        department: 'GROCERY',
        category: 'BEERS/ALES',
        quantity: '2',
        line_total: '3.86',
        line_discount: '0.43',
        coupon_discount: '1',
        ordered_at: '2017-01-28T14:06:53',
      }),
    ).toMatchObject({
      department: 'beer',
      quantity: 2,
      lineTotalCents: 386,
      lineDiscountCents: 143,
      unitPriceCents: 193,
      totalCents: null,
    })
  })
  test('unit price and quantity make the line', () =>
    expect(
      facts('orders', {
        order_id: '1',
        ordered_at: '2024-01-01',
        email: 'a@b.co',
        sku: 'x',
        quantity: '3',
        unit_price: '$9.99',
      }).lineTotalCents,
    ).toBe(2997))
  test('money of a statistics package is money', () =>
    expect(
      facts('orders', { order_id: '1', ordered_at: '2024-01-01', email: 'a@b.co', total: '4.440892e-16' }).totalCents,
    ).toBe(0))
  test.each([
    [{ order_id: '', ordered_at: '2024-01-01', email: 'a@b.co', total: '1' }, 'order_id'],
    [{ order_id: '1', ordered_at: '', email: 'a@b.co', total: '1' }, 'ordered_at'],
    [{ order_id: '1', ordered_at: '2030-01-01', email: 'a@b.co', total: '1' }, 'ordered_at'],
    [{ order_id: '1', ordered_at: '2024-01-01', email: '', total: '1' }, 'customer_id'],
    [{ order_id: '1', ordered_at: '2024-01-01', email: 'a@b.co', total: '' }, 'total'],
    [{ order_id: '1', ordered_at: '2024-01-01', email: 'a@b.co', sku: 'x', total: '5' }, 'line_total'],
    [{ order_id: '1', ordered_at: '2024-01-01', email: 'a@b.co', total: 'much' }, 'total'],
  ])('%j is refused for its %s', (row, column) => expect(read('orders', row).reasons?.[0]?.column).toBe(column))
  test('a product', () => {
    expect(
      facts('products', {
        sku: '1',
        name: 'Old Oak',
        category: 'Straight Bourbon',
        size_ml: '750 ml',
        price: '29.99',
        stock: '12',
      }),
    ).toMatchObject({ department: 'spirits', sizeMl: 750, priceCents: 2999, stock: 12 })
    expect(read('products', { sku: '1', name: 'x', price: '-1' }).reasons).toHaveLength(1)
  })
})
