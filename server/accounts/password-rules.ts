/** Words that a password must not be made of: who uses it, and where. */
export interface About {
  email: string
  fullName?: string | null
  shop?: string
}

let listed: Promise<ReadonlySet<string>> | undefined

/** The 49,000 passwords that leaked most often (zxcvbn-ts, MIT). Loaded once, when the first password is chosen. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  listed ??= import('@zxcvbn-ts/language-common').then(({ dictionary }) => new Set(dictionary['passwords-common']))
  return listed
}

/**
 * What is wrong with a new password, in one sentence, or null. Length is checked by the contract; here is what a guesser
 * tries first: leaked passwords, also with a year or signs around them or said twice, few different characters, rows of
 * the keyboard, and one's own name. No composition rules (NIST SP 800-63B, ASVS 6.2.5).
 */
export async function passwordFault(password: string, about: About): Promise<string | null> {
  const common = await commonPasswords()
  const plain = password.normalize('NFKC').toLowerCase()
  const core = plain.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  const repeated = /^(.{1,24}?)\1+$/su.exec(plain)?.[1]
  if (new Set(plain).size < 5 || (repeated && repeated.length < 5))
    return 'This repeats a few characters; use a longer phrase.'
  if (common.has(plain) || (core.length * 2 >= plain.length && common.has(core)) || (repeated && common.has(repeated)))
    return 'This is one of the passwords that leak most often; choose another one.'
  if (isRow(plain)) return 'This is a row of the keyboard or the alphabet; choose another one.'
  for (const own of ownWords(about))
    if (plain.includes(own) && plain.length - own.length < 6)
      return 'This is little more than your name or the name of the shop; choose another one.'
  return null
}

const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertyuiopasdfghjklzxcvbnm',
]
const isRow = (text: string): boolean => {
  const backwards = Array.from(text).toReversed().join('')
  return rows.some((row) => [text, backwards].some((t) => (row + row + row).includes(t)))
}

function ownWords({ email, fullName, shop }: About): string[] {
  const [local = '', domain = ''] = email.toLowerCase().split('@')
  return [local, domain.split('.')[0] ?? '', fullName ?? '', shop ?? '']
    .flatMap((text) => [text, text.replace(/\s+/g, '')])
    .map((text) => text.trim().toLowerCase())
    .filter((text) => text.length >= 4)
}
