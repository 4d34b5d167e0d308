import { isIP } from 'node:net'

/** Link-local and metadata addresses: they answer to machines, with credentials, and never serve a model. */
export function isForbiddenAddress(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '')
  if (isIP(plain) === 4) return plain.startsWith('169.254.') || plain.startsWith('0.') || plain === '100.100.100.200'
  return /^fe[89ab]/.test(plain) || plain === 'fd00:ec2::254' || plain === '::'
}

function isPrivate(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase()
  if (plain === 'localhost' || plain.endsWith('.localhost') || plain.endsWith('.local') || plain.endsWith('.internal'))
    return true
  if (isIP(plain) === 6) return plain === '::1' || /^f[cd]/.test(plain)
  if (isIP(plain) === 4)
    return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(plain)
  // A bare name is a machine of one's own network ("ollama", "vllm").
  return !plain.includes('.')
}

/** What is wrong with the address of an endpoint, in one sentence; null when it may be used. */
export function addressFault(text: string): string | null {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'Write a full address, like https://llm.example.com/v1.'
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'The address begins with https:// or http://.'
  if (url.username || url.password) return 'Leave user and password out of the address; the key has its own field.'
  if (url.search || url.hash) return 'Leave out everything from “?” or “#”.'
  if (isForbiddenAddress(url.hostname.replace(/^\[|\]$/g, '')) || url.hostname === 'metadata.google.internal')
    return 'This address belongs to the machine’s own services and cannot be a language model.'
  if (url.protocol === 'http:' && !isPrivate(url.hostname))
    return 'Outside your own network the key and the shop’s figures need https://.'
  return null
}
