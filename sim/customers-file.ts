import { once } from 'node:events'
import { createWriteStream } from 'node:fs'

const states = ['NY', 'TX', 'CA', 'IL', 'FL', 'MO']
const zips = ['10001', '75001', '90001', '60601', '33101', '63118']
const cities = ['New York', 'Dallas', 'Los Angeles', 'Chicago', 'Miami', 'St. Louis']
const areas = ['212', '214', '213', '312', '305', '314']
const firsts = ['James', 'Mary', 'Robert', 'Patricia', 'John', 'Jennifer', 'Michael', 'Linda', 'Zoë', 'José']
const lasts = ['Smith', 'Johnson', 'Williams', 'Brown', 'Jones', "O'Neill", 'Miller', 'Davis', 'García', 'Nguyen']
const header =
  'Customer ID,Email,Phone,First name,Last name,Date of birth,Age 21+ confirmed,Street address,City,State,ZIP,Store,Tags,Email opt-in,SMS opt-in,Consent source,Consent date,Consent text,Points,Notes'

const pick = <T>(list: readonly T[], n: number): T => list[n % list.length]!
const two = (n: number): string => String(n).padStart(2, '0')

// A stride that shares no factor with ten million: neighbours in the file are strangers, as in a real one.
const stride = 7_368_787
const numbers = 10_000_000
/** SQL over `external_id`: where in its file a row of writeCustomers stood. 8,341,723 undoes the stride: their product ends in 0000001. */
export const placeInFile = `(substr(external_id, 2)::bigint * 8341723 % ${numbers})`

/** Writes `rows` customers with 20 columns, as a till would export them; `from` keeps files of other people apart, `street` changes everybody’s address. */
export async function writeCustomers(path: string, rows: number, from = 0, street = 'Oak'): Promise<void> {
  const out = createWriteStream(path, { highWaterMark: 1 << 20 })
  let text = header + '\n'
  for (let k = from; k < from + rows; k++) {
    const n = (k * stride) % numbers
    const at = n % 6
    const first = pick(firsts, n)
    const last = pick(lasts, Math.floor(n / 7))
    const yes = n % 5 === 0
    text += `C${n},${first.toLowerCase().replace(/\W/g, '')}.${n}@example.com,${n % 3 === 0 ? phoneOf(n) : ''},${first},${last},${1940 + (n % 60)}-${two(1 + (n % 12))}-${two(1 + (n % 28))},yes,"${n % 9999} ${street} Street, Apt ${n % 50}",${pick(cities, at)},${pick(states, at)},${pick(zips, at)},Main,${n % 20 === 0 ? '"vip;wine"' : ''},${yes ? 'yes' : ''},,${yes ? 'till' : ''},${yes ? `${two(1 + (n % 12))}/${two(1 + (n % 28))}/2025` : ''},,${n % 5000},\n`
    if (text.length > 1 << 20) {
      if (!out.write(text)) await once(out, 'drain')
      text = ''
    }
  }
  out.end(text)
  await once(out, 'finish')
}

/** Every number below ten million is another valid US number. */
function phoneOf(n: number): string {
  const exchange = 200 + (Math.floor(n / 10_000) % 700)
  return `(${pick(areas, Math.floor(n / 7_000_000))}) ${exchange}-${String(n % 10_000).padStart(4, '0')}`
}
