import { createHmac, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import { deriveKey } from './keys.ts'

export const accessSeconds = 15 * 60
const audience = 'liquor-agent'
/** A signing key serves for so long; the one before stays good for tokens that it signed. */
const periodDays = 30

export interface Claims {
  userId: string
  sessionId: string
}

interface KeyPair {
  private: KeyObject
  public: KeyObject
}
const pairs = new Map<string, KeyPair>()

const periodAt = (now: Date): number => Math.floor(now.getTime() / (periodDays * 86_400_000))

/**
 * The Ed25519 pair of a period. Every process makes the same one from the secret and the name of the period, so keys
 * change every 30 days without a table, a message or a restart.
 */
function pairOf(secret: string, kid: string): KeyPair {
  const name = `${kid} ${secret}`
  let pair = pairs.get(name)
  if (!pair) {
    const seed = createHmac('sha256', deriveKey(secret, 'access-token')).update(kid).digest()
    // Ed25519 from a 32-byte seed: PKCS #8 header of RFC 8410 in front of it.
    const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
    const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    pair = { private: key, public: createPublicKey(key) }
    pairs.set(name, pair)
  }
  return pair
}

/** A signed access token for 15 minutes. It names a session, and counts only while that session lives. */
export async function signAccessToken(secret: string, { userId, sessionId }: Claims, now: Date): Promise<string> {
  const at = Math.floor(now.getTime() / 1000)
  const kid = String(periodAt(now))
  return new SignJWT({ sid: sessionId })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
    .setSubject(userId)
    .setAudience(audience)
    .setIssuer(audience)
    .setIssuedAt(at)
    .setExpirationTime(at + accessSeconds)
    .sign(pairOf(secret, kid).private)
}

const verified = new Map<string, Claims & { secret: string; from: number; until: number }>()
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whom the token names, or null when it is forged, expired or of another kind. A signature is checked once for each token. */
export async function verifyAccessToken(secret: string, token: string, now: Date): Promise<Claims | null> {
  const known = verified.get(token)
  const at = now.getTime() / 1000
  if (known?.secret === secret && known.from <= at && at < known.until)
    return { userId: known.userId, sessionId: known.sessionId }
  const periods = [periodAt(now), periodAt(now) - 1].map(String)
  try {
    const { payload } = await jwtVerify(
      token,
      // Only names that we would give ourselves: whoever writes the header chooses no key.
      ({ kid }) => {
        if (kid === undefined || !periods.includes(kid)) throw new Error('unknown key')
        return pairOf(secret, kid).public
      },
      {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        audience,
        issuer: audience,
        currentDate: now,
        requiredClaims: ['exp', 'iat', 'sub'],
      },
    )
    const { sub, sid } = payload
    if (typeof sub !== 'string' || typeof sid !== 'string' || !uuid.test(sub) || !uuid.test(sid)) return null
    if (verified.size > 1000) verified.clear()
    verified.set(token, { userId: sub, sessionId: sid, secret, from: payload.iat ?? at, until: payload.exp ?? at })
    return { userId: sub, sessionId: sid }
  } catch {
    return null
  }
}
