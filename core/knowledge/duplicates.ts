/** A customer as a search for duplicates looks at it. */
export interface Likeness {
  email: string | null
  phone: string | null
  name: string | null
  birth_date: string | null
  address: string | null
  zip: string | null
  store_id: string | null
}

interface Sign {
  /** weight of evidence, in likelihood that two who share it are one person */
  likelihood: number
  reason: string
}

/**
 * How likely two customers are one person, and what speaks for it. Signs are taken as independent: what two of them leave
 * unexplained is multiplied. Different birth dates speak against everything. Null when nothing speaks for it.
 */
export function likeness(a: Likeness, b: Likeness): { likelihood: number; reasons: string[] } | null {
  const signs = signsOf(a, b)
  if (signs.length === 0) return null
  const against = a.birth_date !== null && b.birth_date !== null && a.birth_date !== b.birth_date
  const unexplained = signs.reduce((left, sign) => left * (1 - sign.likelihood), 1)
  return {
    likelihood: Math.round((1 - unexplained) * (against ? 0.2 : 1) * 100) / 100,
    reasons: [...signs.map((s) => s.reason), ...(against ? ['But different birth dates'] : [])],
  }
}

function signsOf(a: Likeness, b: Likeness): Sign[] {
  const signs: Sign[] = []
  const add = (holds: boolean, likelihood: number, reason: string): void => {
    if (holds) signs.push({ likelihood, reason })
  }
  const both = (x: string | null, y: string | null): boolean => x !== null && y !== null && x === y
  add(both(digitsOf(a.phone), digitsOf(b.phone)), 0.9, 'Same phone number')
  add(both(mailboxOf(a.email), mailboxOf(b.email)), 0.95, 'The same mailbox behind two addresses')
  const sameName = both(plainName(a.name), plainName(b.name))
  const sameBirthday = both(a.birth_date, b.birth_date)
  if (sameName) {
    add(sameBirthday, 0.95, 'Same name and birth date')
    add(both(plain(a.address), plain(b.address)), 0.9, 'Same name and street')
    add(both(a.zip?.slice(0, 5) ?? null, b.zip?.slice(0, 5) ?? null), 0.7, 'Same name and ZIP')
    add(
      both(a.store_id, b.store_id) && lacksOther(a, b),
      0.4,
      'Same name at the same store, with other contact details',
    )
    add(signs.length === 0, 0.2, 'Same name')
  } else add(sameBirthday && both(plain(a.address), plain(b.address)), 0.5, 'Same birth date and street')
  return signs
}

// Two records that complete each other are likelier one person than two that both have an email of their own.
const lacksOther = (a: Likeness, b: Likeness): boolean =>
  (a.email === null) !== (b.email === null) || (a.phone === null) !== (b.phone === null)

/** The last ten digits: how it was dialled does not matter. */
export const digitsOf = (phone: string | null): string | null => {
  const digits = phone?.replace(/\D/g, '') ?? ''
  return digits.length >= 10 ? digits.slice(-10) : null
}

/** What mail to an address ends up in: no "+tag", and no dots at Gmail, where they mean nothing. */
export function mailboxOf(email: string | null): string | null {
  const at = email?.lastIndexOf('@') ?? -1
  if (email === null || at < 1) return null
  const domain = email
    .slice(at + 1)
    .toLowerCase()
    .replace(/^googlemail\.com$/, 'gmail.com')
  const box = email.slice(0, at).toLowerCase().replace(/\+.*$/, '')
  return `${domain === 'gmail.com' ? box.replaceAll('.', '') : box}@${domain}`
}

const plain = (text: string | null): string | null =>
  text
    ?.normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim() || null

/** "Ellison, Maya" and "maya ellison" are one name; so is "Maya J. Ellison". */
function plainName(name: string | null): string | null {
  const turned = name?.replace(/^([^,]+), *([^,]+)$/, '$2 $1') ?? null
  const words = plain(turned)?.split(' ') ?? []
  // A middle initial is as often left out as written.
  return words.length > 2
    ? words.filter((w, i) => i === 0 || i === words.length - 1 || w.length > 1).join(' ')
    : words.join(' ') || null
}
