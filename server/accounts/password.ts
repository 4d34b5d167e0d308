import { hash, verify } from '@node-rs/argon2'

// OWASP: Argon2id (the library's default), 19 MiB, two passes, one lane: about 50 ms here.
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), cost)
}

let decoy: Promise<string> | undefined

/** Takes as long for an address that does not exist, so that time tells nobody who has an account. */
export async function passwordMatches(stored: string | null, password: string): Promise<boolean> {
  decoy ??= hashPassword('no account has this password')
  const ok = await verify(stored ?? (await decoy), password.normalize('NFKC'))
  return stored !== null && ok
}
