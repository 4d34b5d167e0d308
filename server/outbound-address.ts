import { BlockList, isIP } from 'node:net'

/** Link-local and metadata addresses: they answer to machines, with credentials, and never serve a model. */
export function isForbiddenAddress(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:/, '')
  if (isIP(plain) === 4) return plain.startsWith('169.254.') || plain.startsWith('0.') || plain === '100.100.100.200'
  return /^fe[89ab]/.test(plain) || plain === 'fd00:ec2::254' || plain === '::'
}

// Everything that is not the public internet (IANA special-purpose registries, RFC 6890), and prefixes that carry an
// IPv4 address inside an IPv6 one, by which a private one could be reached.
// Two lists: one list would also hold IPv4 addresses against ::ffff:0:0/96, as which every one of them can be written.
const notPublic = { ipv4: new BlockList(), ipv6: new BlockList() }
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  notPublic.ipv4.addSubnet(net, bits, 'ipv4')
for (const [net, bits] of [
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  notPublic.ipv6.addSubnet(net, bits, 'ipv6')

/** Whether an IP address is part of the public internet; what is no address is not. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '')
  const family = isIP(plain)
  if (family === 0) return false
  // A v4 address written as v6 is judged as what it is.
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1]
  if (mapped) return isPublicAddress(mapped)
  return family === 4 ? !notPublic.ipv4.check(plain, 'ipv4') : !notPublic.ipv6.check(plain, 'ipv6')
}

function isPrivate(host: string): boolean {
  const plain = bare(host)
  if (plain === 'localhost' || plain.endsWith('.localhost') || plain.endsWith('.local') || plain.endsWith('.internal'))
    return true
  if (isIP(plain) === 6) return plain === '::1' || /^f[cd]/.test(plain)
  if (isIP(plain) === 4)
    return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(plain)
  // A bare name is a machine of one's own network ("ollama", "vllm").
  return !plain.includes('.')
}

const bare = (host: string): string => host.replace(/^\[|\]$/g, '').toLowerCase()

/** What is wrong with the address of a language model, in one sentence; null when it may be used. */
export function modelAddressFault(text: string): string | null {
  const url = read(text)
  if (!url) return 'Write a full address, like https://llm.example.com/v1.'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'The address begins with https:// or http://.'
  if (url.username || url.password) return 'Leave user and password out of the address; the key has its own field.'
  if (url.search || url.hash) return 'Leave out everything from “?” or “#”.'
  if (isForbiddenAddress(bare(url.hostname)) || url.hostname === 'metadata.google.internal')
    return 'This address belongs to the machine’s own services and cannot be a language model.'
  if (url.protocol === 'http:' && !isPrivate(url.hostname))
    return 'Outside your own network the key and the shop’s figures need https://.'
  return null
}

/**
 * What is wrong with an address that events are posted to, in one sentence; null when it may be used. Only the public
 * internet, unless the operator opened the own network. The name is resolved and checked again at every post
 * (adapters/hook-poster.ts): what it means may change.
 */
export function hookAddressFault(text: string, { allowPrivate }: { allowPrivate: boolean }): string | null {
  const url = read(text)
  if (!url) return 'Write a full address, like https://example.com/hooks.'
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && allowPrivate))
    return 'The address begins with https://.'
  if (url.username || url.password) return 'Leave user and password out of the address; every post is signed instead.'
  if (url.hash) return 'Leave out everything from “#”.'
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (port !== 443 && port !== 80 && port < 1024)
    return 'This port belongs to another service; use 443 or one above 1023.'
  const host = bare(url.hostname).replace(/\.$/, '')
  if (isIP(host) ? isForbiddenAddress(host) : host === 'metadata.google.internal')
    return 'This address belongs to the machine’s own services.'
  if (!allowPrivate && (isIP(host) ? !isPublicAddress(host) : isPrivate(host)))
    return 'This address is part of a private network. Use one of the public internet, or let the operator set LMA_PRIVATE_WEBHOOKS.'
  return null
}

function read(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}
