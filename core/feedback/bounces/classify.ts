/** Enhanced codes that speak of the mailbox itself (RFC 3463): it is not there, or no more. */
const deadCodes = new Set(['5.1.0', '5.1.1', '5.1.2', '5.1.3', '5.1.6', '5.1.10', '5.2.1'])
const deadWords =
  /\b(user|recipient|mailbox|address|account|alias)\b.{0,40}\b(unknown|not found|does ?n[o']t exist|invalid|disabled|no longer)\b|\b(unknown|no such|invalid|unrouteable|unrouted)\b.{0,20}\b(user|recipient|mailbox|address|account|person)\b|unknown local part/i

/**
 * Hard means that the address is dead: by the enhanced status code first, then by what the server wrote. Quota, policy,
 * reputation and every 4.x.x are soft, even where the reply begins with a 5: the address may work tomorrow.
 */
export function classifyBounce(status: string | null, diagnostic: string | null): 'hard' | 'soft' {
  // The server's own code is nearer to the truth than what a relay made of it.
  const inside = /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(diagnostic ?? '')?.[1]
  const code = inside ?? status ?? ''
  if (deadCodes.has(code)) return 'hard'
  const isVague = code === '' || /^5\.0\.\d$/.test(code)
  if (!isVague) return 'soft'
  const reply = /\b([45]\d\d)[ -]/.exec(diagnostic ?? '')?.[1]
  if (reply?.startsWith('4')) return 'soft'
  return deadWords.test(diagnostic ?? '') ? 'hard' : 'soft'
}
